#include "segment.hpp"

#include <algorithm>
#include <optional>

namespace kv {
namespace {

constexpr std::uint64_t sector_bytes = 512;  // a disk writes these whole or not at all

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

/// The record at `offset` when it is the one that must come after `end`.
std::optional<RecordHeader> next_record(std::string_view bytes, std::uint64_t offset,
                                        std::uint64_t seed, const Position& end) {
  const auto header = read_record_header(bytes, offset, seed);
  if (!header) return std::nullopt;
  const bool changes = header->type == RecordType::changes;
  if (!changes && header->type != RecordType::mark) return std::nullopt;
  if (header->lsn != end.lsn + (changes ? 1 : 0)) return std::nullopt;
  if (header->durable_lsn > header->lsn) return std::nullopt;  // of what was not written yet
  const auto payload_at = offset + sizeof(RecordHeader);
  if (header->payload_bytes > bytes.size() - payload_at) return std::nullopt;
  if (next_chain(*header, bytes.substr(payload_at, header->payload_bytes), end.chain) !=
      header->chain) {
    return std::nullopt;
  }
  return header;
}

/// What follows the last valid record: a write that did not end, or damage?
///
/// Segments are zero-filled before use and sectors are written whole, so a write that did not end
/// leaves a sector of it zero, or a file that ends too soon. Bytes that nobody wrote, in the zeros
/// ahead, are no damage to any record either: too few of them are where a record's header would
/// have to be. A whole header that was written for another place is no write at all.
Tail classify(std::string_view bytes, const Segment& segment, std::uint64_t seed) {
  const auto begin = segment.end_offset;
  if (segment.used_bytes == begin) return Tail::clean;
  constexpr std::ptrdiff_t header_bytes_not_zero =
      3;  // at the least: a length or type, an LSN, two checksums
  const auto header_area = bytes.substr(begin, sizeof(RecordHeader));
  const auto zeros = std::count(header_area.begin(), header_area.end(), '\0');
  if (static_cast<std::ptrdiff_t>(header_area.size()) - zeros < header_bytes_not_zero)
    return Tail::torn;
  const auto header = read_record_header(bytes, begin, seed);
  if (!header && is_moved(bytes, begin, seed)) return Tail::corrupt;

  auto end = std::max(segment.used_bytes, begin + sizeof(RecordHeader));
  if (header) end = std::max(end, begin + sizeof(RecordHeader) + header->payload_bytes);
  if (end > bytes.size()) return Tail::torn;
  for (auto piece = begin; piece < end;) {
    const auto next = std::min(end, (piece / sector_bytes + 1) * sector_bytes);
    // So little of a record may be zero by chance: then the rest of the header tells.
    const bool short_piece = next - begin < sizeof(RecordHeader::header_checksum);
    if (all_zero(bytes.substr(piece, next - piece)) &&
        (!short_piece || misses_only(next - begin, bytes, begin, seed)))
      return Tail::torn;
    piece = next;
  }
  return Tail::corrupt;
}

}  // namespace

Segment read_segment(std::string_view bytes, const SegmentHeader& segment_header,
                     const RecordReader& record) {
  Segment segment{.header = segment_header};
  segment.end = {segment_header.first_lsn - 1, segment_header.chain};
  segment.end_offset = sizeof(SegmentHeader);
  segment.floor =
      segment_header.first_lsn - 1;  // a segment is begun when the one before is durable
  const auto seed = segment_seed(segment_header);

  while (const auto header = next_record(bytes, segment.end_offset, seed, segment.end)) {
    record(segment.end_offset, *header,
           bytes.substr(segment.end_offset + sizeof(RecordHeader), header->payload_bytes));
    segment.end = {header->lsn, header->chain};
    segment.end_offset += sizeof(RecordHeader) + header->payload_bytes;
    segment.floor = std::max(segment.floor, header->durable_lsn);
    if (header->type == RecordType::changes) ++segment.records;
  }

  const auto last = bytes.find_last_not_of('\0');
  segment.used_bytes =
      std::max<std::uint64_t>(segment.end_offset, last == std::string_view::npos ? 0 : last + 1);
  for (auto offset = segment.end_offset; offset < segment.used_bytes; ++offset) {
    if (const auto later = read_record_header(bytes, offset, seed)) {
      segment.floor = std::max(segment.floor, later->durable_lsn);
    }
  }
  segment.tail = classify(bytes, segment, seed);
  return segment;
}

}  // namespace kv
