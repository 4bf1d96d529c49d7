#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "record.hpp"

// Reading a segment, and saying what is wrong with it.

namespace kv {

/// Where the log stands: after which record, and the chain there.
struct Position {
  Lsn lsn = 0;
  std::uint64_t chain = 0;
};

enum class Tail {
  clean,    ///< after the last record come zeros or the end of the file
  torn,     ///< what follows was being written when the power went, or the process died
  corrupt,  ///< what follows was whole once
};

/// What a segment holds.
struct Segment {
  SegmentHeader header;
  Position end = {};             ///< after its last valid record
  std::uint64_t end_offset = 0;  ///< where that record ends
  std::uint64_t used_bytes = 0;  ///< up to the last byte that is not zero; at least end_offset
  std::uint64_t records = 0;     ///< of changes
  Lsn floor = 0;  ///< the largest LSN that any header in it, also after damage, says was durable
  Tail tail = Tail::clean;
};

/// Called for each valid record, marks too.
using RecordReader =
    std::function<void(std::uint64_t offset, const RecordHeader& header, std::string_view payload)>;

/// Reads the bytes of a segment, whose header is valid, from its start to the first thing that is
/// no record with the LSN and the chain that must come next; `lsn` is the one before its first.
Segment read_segment(std::string_view bytes, const SegmentHeader& header,
                     const RecordReader& record);

}  // namespace kv
