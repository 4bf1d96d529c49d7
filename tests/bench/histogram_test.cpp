#include "histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "fixtures/seed.hpp"

namespace kv::bench {
namespace {

constexpr double shares[] = {0.0001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0};

// What a percentile is, without buckets.
std::uint64_t in_sorted(const std::vector<std::uint64_t>& sorted, double share) {
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.percentile(0.5), 0U);
}

TEST(Histogram, IsExactBelow256) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 256; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0.5), 127U);
  EXPECT_EQ(histogram.percentile(1.0 / 256), 0U);
  EXPECT_EQ(histogram.percentile(255.0 / 256), 254U);
}

TEST(Histogram, PercentilesStayWithinTheStatedError) {
  std::mt19937_64 random{test::random_seed()};
  std::uniform_real_distribution<double> exponent{0, 39};  // all powers of two alike
  Histogram histogram;
  std::vector<std::uint64_t> sorted;
  for (int i = 0; i < 50'000; ++i) {
    sorted.push_back(static_cast<std::uint64_t>(std::exp2(exponent(random))));
    histogram.record(sorted.back());
  }
  std::ranges::sort(sorted);
  for (const double share : shares) {
    const auto exact = static_cast<double>(in_sorted(sorted, share));
    const auto answered = static_cast<double>(histogram.percentile(share));
    EXPECT_GE(answered, exact) << share;
    EXPECT_LE(answered, exact * (1 + Histogram::error_max)) << share;
  }
}

TEST(Histogram, EveryBucketEdgeStaysWithinTheStatedError) {
  for (int power = 0; power < 40; ++power) {
    for (const int beside : {-1, 0, 1}) {
      const std::uint64_t value = (std::uint64_t{1} << power) + static_cast<std::uint64_t>(beside);
      Histogram histogram;
      histogram.record(value);
      histogram.record(Histogram::nanoseconds_max);  // or the maximum would make it exact
      EXPECT_GE(histogram.percentile(0.5), value);
      EXPECT_LE(static_cast<double>(histogram.percentile(0.5)),
                static_cast<double>(value) * (1 + Histogram::error_max));
    }
  }
}

TEST(Histogram, TheMaximumIsExactAndNoPercentileExceedsIt) {
  Histogram histogram;
  histogram.record(1'000'003);
  EXPECT_EQ(histogram.max(), 1'000'003U);
  EXPECT_EQ(histogram.percentile(0.5), 1'000'003U);
}

TEST(Histogram, TakesWhatIsLongerThanItsBuckets) {
  Histogram histogram;
  histogram.record(Histogram::nanoseconds_max + 1);
  EXPECT_EQ(histogram.max(), Histogram::nanoseconds_max + 1);
  EXPECT_EQ(histogram.percentile(1), Histogram::nanoseconds_max);
}

TEST(Histogram, AddsAnotherAndIsCleared) {
  Histogram one, other;
  one.record(10);
  other.record(20);
  other.record(30);
  one.add(other);
  EXPECT_EQ(one.count(), 3U);
  EXPECT_EQ(one.max(), 30U);
  EXPECT_EQ(one.percentile(0.5), 20U);
  one.clear();
  EXPECT_EQ(one.count(), 0U);
  EXPECT_EQ(one.percentile(1), 0U);
}

}  // namespace
}  // namespace kv::bench
