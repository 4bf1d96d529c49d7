#pragma once

#include <cstdint>
#include <string_view>

// A start must tell a write that did not end from damage, and here that is decided. Segments are
// zero-filled before use, and a disk writes sectors whole. So a write that did not end leaves a
// sector of it zero, or a file that ends too soon. What is there in full, and is not the record
// that must come next, was whole once. In this order (torn_or_corrupt.cpp):
//
//   is_untouched                  -> clean
//   is_too_little_for_a_header    -> torn
//   was_written_for_another_place -> corrupt
//   reaches_past_the_file         -> torn
//   has_a_zero_sector             -> torn
//   else                          -> corrupt
//
// It looks at one segment. What a start makes of that: check_tail (recovery_log.cpp) goes on, has
// it cut, or refuses; check_floor (recovery.cpp) refuses a log that lacks what is known to have
// been durable; repair_folder (repair.cpp) does the cutting.

namespace kv {

enum class Tail {
  clean,    ///< after the last record come zeros or the end of the file
  torn,     ///< what follows was being written when it ended, or is too little for a record
  corrupt,  ///< what follows was whole once
};

/// What follows the last valid record of a segment, up to the end of the file.
struct TailBytes {
  std::string_view bytes;
  std::uint64_t offset;  ///< where they begin
  std::uint64_t seed;    ///< of the segment's records (segment_seed)
};

Tail torn_or_corrupt(const TailBytes& tail);

}  // namespace kv
