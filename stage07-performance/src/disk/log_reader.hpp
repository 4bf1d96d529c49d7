#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"
#include "disk/pieces.hpp"
#include "disk/torn_or_corrupt.hpp"

// Reading a segment of the log.

namespace kv {

inline constexpr std::uint64_t segment_bytes_max = 256 * 1024 * 1024;  ///< twice the largest record

/// What a segment holds.
struct Segment {
  SegmentHeader header;
  Position end = {};             ///< after its last valid record
  std::uint64_t end_offset = 0;  ///< where that record ends
  std::uint64_t used_bytes = 0;  ///< up to the last byte that is not zero; at least end_offset
  std::uint64_t records = 0;     ///< of changes
  Lsn floor = 0;  ///< the largest LSN that any header in it, also after damage, says was durable
  Tail tail = Tail::clean;
  std::optional<std::uint64_t> gap = {};  ///< where damage begins that `covered` made up for
  bool other_timeline = false;            ///< the chain at covered.lsn is another: end is before it
};

/// Opens a segment to read it. Error too_large: it is longer than any; any other: it cannot be
/// read.
Result<std::unique_ptr<File>> open_segment(const Folder& folder, const std::string& name);

/// Called for each valid record, marks too.
using RecordHandler =
    std::function<void(std::uint64_t offset, const RecordHeader& header, std::string_view payload)>;

/// Reads a segment, whose header is given, from its start to the first thing that is no record with
/// the LSN and the chain that must come next. What is up to `covered` is known from elsewhere:
/// where that is damaged, reading goes on at the record that goes on from there, if there is one.
/// Error: it cannot be read.
Result<Segment> read_segment(Pieces& pieces, const SegmentHeader& header,
                             const RecordHandler& record,
                             const std::optional<Position>& covered = {});

/// The same of its bytes in memory.
Segment read_segment(std::string_view bytes, const SegmentHeader& header,
                     const RecordHandler& record);

}  // namespace kv
