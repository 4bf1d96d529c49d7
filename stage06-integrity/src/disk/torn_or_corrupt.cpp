#include "disk/torn_or_corrupt.hpp"

#include <algorithm>

#include "disk/bytes.hpp"
#include "disk/log_format.hpp"

namespace kv {
namespace {

constexpr std::uint64_t sector_bytes = 512;  // a disk writes these whole or not at all

bool is_all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::optional<RecordHeader> header_of(const TailBytes& tail) {
  return read_record_header(tail.bytes, tail.offset, tail.seed);
}

/// Where the write would end: at the last byte that is not zero, or at the end of the record, where
/// its header is proven, if that is further; one header has been written at the least.
std::uint64_t end_of_write(const TailBytes& tail) {
  const auto header = header_of(tail);
  return std::max<std::uint64_t>(tail.bytes.find_last_not_of('\0') + 1,
                                 sizeof(RecordHeader) + (header ? header->payload_bytes : 0));
}

/// Whether the header misses nothing but the first `count` (under 8) bytes of its checksum.
bool misses_only(std::size_t count, const TailBytes& tail) {
  const auto header = load<RecordHeader>(tail.bytes);
  const auto wrong_bits = header.header_checksum ^ header_checksum(header, tail.offset, tail.seed);
  return wrong_bits != 0 && wrong_bits >> (8 * count) == 0;  // the first byte is the lowest
}

// --- the questions, in their order: each can rely on the answers before it ---

bool is_untouched(const TailBytes& tail) { return is_all_zero(tail.bytes); }

/// A byte or two in the zeros ahead: no record began there, so none is damaged.
bool is_too_little_for_a_header(const TailBytes& tail) {
  constexpr std::ptrdiff_t not_zero_min = 3;  // of a header: a length or type, an LSN, checksums
  const auto header = tail.bytes.substr(0, sizeof(RecordHeader));
  const auto zeros = std::count(header.begin(), header.end(), '\0');
  return std::ssize(header) - zeros < not_zero_min;
}

/// A record before it is missing, or it is here twice. Places up to twice the segment's size are
/// tried.
bool was_written_for_another_place(const TailBytes& tail) {
  if (header_of(tail) || tail.bytes.size() < sizeof(RecordHeader)) return false;
  const auto header = load<RecordHeader>(tail.bytes);
  const auto segment_bytes = tail.offset + tail.bytes.size();
  for (std::uint64_t place = sizeof(SegmentHeader); place < 2 * segment_bytes; ++place) {
    if (place != tail.offset && header.header_checksum == header_checksum(header, place, tail.seed))
      return true;
  }
  return false;
}

bool reaches_past_the_file(const TailBytes& tail) { return end_of_write(tail) > tail.bytes.size(); }

/// Whether any piece of the write, from one boundary of sectors to the next, is all zero.
bool has_a_zero_sector(const TailBytes& tail) {
  const auto end = end_of_write(tail);
  for (std::uint64_t piece = 0; piece < end;) {
    const auto next = std::min(end, piece + sector_bytes - (tail.offset + piece) % sector_bytes);
    // So little of a record may be zero by chance: then the rest of the header tells.
    const bool is_short = next < sizeof(RecordHeader::header_checksum);
    if (is_all_zero(tail.bytes.substr(piece, next - piece)) &&
        (!is_short || misses_only(next, tail)))
      return true;
    piece = next;
  }
  return false;
}

}  // namespace

Tail torn_or_corrupt(const TailBytes& tail) {
  if (is_untouched(tail)) return Tail::clean;
  if (is_too_little_for_a_header(tail)) return Tail::torn;
  if (was_written_for_another_place(tail)) return Tail::corrupt;
  if (reaches_past_the_file(tail)) return Tail::torn;
  if (has_a_zero_sector(tail)) return Tail::torn;
  return Tail::corrupt;
}

}  // namespace kv
