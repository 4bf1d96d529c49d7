#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kv::bench {

/// How often each latency was seen, in buckets whose width grows with the latency: 128 of them for
/// each power of two, and one for each nanosecond below 256. So a percentile is never too low, and
/// too high by less than one part in 128 (0.8 %); the maximum is exact. Recording takes a few
/// nanoseconds and no memory.
///
///     nanoseconds   0 .. 255   256 .. 511   512 .. 1023   1024 .. 2047   ...   2^39 .. 2^40 - 1
///     bucket        1 wide     2 wide       4 wide        8 wide               2^32 wide
class Histogram {
 public:
  static constexpr double error_max = 1.0 / 128;  ///< of a percentile, relative
  static constexpr std::uint64_t nanoseconds_max = (std::uint64_t{1} << 40) - 1;  ///< 18 minutes

  Histogram();

  /// Above nanoseconds_max, percentiles know only that it was at least that.
  void record(std::uint64_t nanoseconds);
  void add(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }  ///< 0 when there is nothing

  /// The smallest latency that at least this share (above 0, up to 1) of all does not exceed; 0
  /// when there is nothing.
  std::uint64_t percentile(double share) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace kv::bench
