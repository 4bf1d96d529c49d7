#include "disk/log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace kv {
namespace {

/// Whether a record with this header may come after `end`.
bool may_follow(const RecordHeader& header, const Position& end) {
  const bool changes = header.type == RecordType::changes;
  if (!changes && header.type != RecordType::mark) return false;
  if (header.lsn != end.lsn + (changes ? 1 : 0)) return false;
  return header.durable_lsn <= header.lsn;  // or it would know of what was not written yet
}

/// The valid records of a segment, and what comes after them.
class Reading {
 public:
  Reading(Pieces& pieces, const SegmentHeader& header, const RecordHandler& record)
      : pieces_{pieces}, record_{record}, seed_{segment_seed(header)} {
    segment_.header = header;
    segment_.end = {header.first_lsn - 1, header.chain, header.id};
    segment_.end_offset = sizeof(SegmentHeader);
    segment_.floor = header.first_lsn - 1;  // it is begun when the one before is durable
  }

  Result<Segment> read(const std::optional<Position>& covered) {
    read_records(covered);
    read_rest();
    if (covered && segment_.end.lsn <= covered->lsn && !segment_.other_timeline) {
      if (const auto offset = find_record_after(*covered)) {
        segment_.gap = segment_.end_offset;
        segment_.end = {covered->lsn, covered->chain, segment_.header.id};
        segment_.end_offset = *offset;
        read_records({});
        read_rest();
      }
    }
    if (pieces_.error()) return *pieces_.error();
    return segment_;
  }

 private:
  void read_records(const std::optional<Position>& covered);
  void read_rest();
  std::optional<std::uint64_t> find_record_after(const Position& position);

  std::string_view rest_at(std::uint64_t offset) const {
    return std::string_view{rest_}.substr(offset - segment_.end_offset);
  }

  Pieces& pieces_;
  const RecordHandler& record_;
  const std::uint64_t seed_;
  Segment segment_;
  std::string rest_;  // from the end of the records on, when that is not all zeros
};

void Reading::read_records(const std::optional<Position>& covered) {
  while (true) {
    const auto offset = segment_.end_offset;
    const auto header = read_record_header(pieces_.at(offset, sizeof(RecordHeader)), offset, seed_);
    if (!header || !may_follow(*header, segment_.end)) return;
    const auto payload = pieces_.at(offset + sizeof(RecordHeader), header->payload_bytes);
    if (payload.size() < header->payload_bytes) return;
    if (next_chain(*header, payload, segment_.end.chain) != header->chain) return;
    if (header->type == RecordType::changes) {
      if (covered && header->lsn == covered->lsn && header->chain != covered->chain) {
        segment_.other_timeline = true;
        return;
      }
      segment_.end.lsn = header->lsn;
      segment_.end.chain = header->chain;
      ++segment_.records;
    }
    record_(offset, *header, payload);
    segment_.end_offset = offset + sizeof(RecordHeader) + payload.size();
    segment_.floor = std::max(segment_.floor, header->durable_lsn);
  }
}

void Reading::read_rest() {
  constexpr std::uint64_t piece_bytes = 64 * 1024;
  segment_.used_bytes = segment_.end_offset;
  for (auto offset = segment_.end_offset; offset < pieces_.size(); offset += piece_bytes) {
    const auto last = pieces_.at(offset, piece_bytes).find_last_not_of('\0');
    if (last != std::string_view::npos) segment_.used_bytes = offset + last + 1;
  }
  rest_.clear();
  if (segment_.used_bytes > segment_.end_offset) {
    rest_ = pieces_.at(segment_.end_offset, pieces_.size());
    segment_.used_bytes = std::min(segment_.used_bytes, segment_.end_offset + rest_.size());
    for (auto offset = segment_.end_offset; offset < segment_.used_bytes; ++offset) {
      if (const auto later = read_record_header(rest_at(offset), offset, seed_))
        segment_.floor = std::max(segment_.floor, later->durable_lsn);
    }
  }
  segment_.tail = torn_or_corrupt({rest_, segment_.end_offset, seed_});
}

std::optional<std::uint64_t> Reading::find_record_after(const Position& position) {
  for (auto offset = segment_.end_offset; offset < segment_.used_bytes; ++offset) {
    const auto header = read_record_header(rest_at(offset), offset, seed_);
    if (!header || !may_follow(*header, position)) continue;
    const auto payload = rest_at(offset).substr(sizeof(RecordHeader), header->payload_bytes);
    if (payload.size() == header->payload_bytes &&
        next_chain(*header, payload, position.chain) == header->chain)
      return offset;
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<File>> open_segment(const Folder& folder, const std::string& name) {
  auto file = folder.open(name);
  const auto size = file ? (*file)->size() : file.error();
  if (!size) return size.error();
  if (*size <= segment_bytes_max) return file;
  return Error{Status::too_large,
               fmt::format("{} is damaged at offset {}: no segment is longer, and it has {} "
                           "bytes; cut it there",
                           name, segment_bytes_max, *size)};
}

Result<Segment> read_segment(Pieces& pieces, const SegmentHeader& header,
                             const RecordHandler& record, const std::optional<Position>& covered) {
  return Reading{pieces, header, record}.read(covered);
}

Segment read_segment(std::string_view bytes, const SegmentHeader& header,
                     const RecordHandler& record) {
  Pieces pieces{bytes};
  return *read_segment(pieces, header, record);
}

}  // namespace kv
