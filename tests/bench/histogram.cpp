#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kv::bench {
namespace {

constexpr std::size_t per_power = 128;

// 128 to 255 are left of the number when `shift` bits are cut off, so the buckets of one shift
// follow those of the shift before without a gap.
constexpr std::size_t bucket_of(std::uint64_t nanoseconds) {
  const auto width = static_cast<int>(std::bit_width(nanoseconds));
  const int shift = width > 8 ? width - 8 : 0;
  return per_power * static_cast<std::size_t>(shift) +
         static_cast<std::size_t>(nanoseconds >> shift);
}

constexpr std::uint64_t last_in(std::size_t bucket) {
  if (bucket < 2 * per_power) return bucket;
  const std::size_t shift = bucket / per_power - 1;
  const std::uint64_t top = bucket - per_power * shift;
  return ((top + 1) << shift) - 1;
}

constexpr std::size_t bucket_count = bucket_of(Histogram::nanoseconds_max) + 1;
static_assert(last_in(bucket_of(255)) == 255);
static_assert(last_in(bucket_of(256)) == 257);
static_assert(last_in(bucket_count - 1) == Histogram::nanoseconds_max);

}  // namespace

Histogram::Histogram() : counts_(bucket_count) {}

void Histogram::record(std::uint64_t nanoseconds) {
  ++counts_[bucket_of(std::min(nanoseconds, nanoseconds_max))];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  std::ranges::fill(counts_, 0);
  count_ = 0;
  max_ = 0;
}

std::uint64_t Histogram::percentile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
  const auto rank = std::min(count_, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(last_in(bucket), max_);
  }
  return max_;
}

}  // namespace kv::bench
