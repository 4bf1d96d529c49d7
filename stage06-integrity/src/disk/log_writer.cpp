#include "disk/log_writer.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "disk/segment_file.hpp"

namespace kv {

LogWriter::LogWriter(std::shared_ptr<File> file, const SegmentHeader& header, const Limits& limits)
    : limits_{limits},
      file_{std::move(file)},
      header_{header},
      seed_{segment_seed(header)},
      end_offset_{sizeof(SegmentHeader)},
      reserved_offset_{end_offset_ + limits.reserve_bytes} {}

bool LogWriter::may_grow(std::uint64_t bytes) const {
  const bool no_records = end_offset_ == sizeof(SegmentHeader);
  return end_offset_ + bytes <= limits_.segment_bytes || no_records;
}

Result<void> LogWriter::reserve(std::uint64_t bytes) {
  const auto end = end_offset_ + bytes;
  const auto step_end = std::min(reserved_offset_ + limits_.reserve_bytes, limits_.segment_bytes);
  auto written = write_zeros(*file_, reserved_offset_, std::max(end, step_end));
  if (written) {
    reserved_offset_ = std::max(end, step_end);
  } else if (end < step_end) {  // the disk may have room for this one record still
    written = write_zeros(*file_, reserved_offset_, end);
    if (written) reserved_offset_ = end;
  }
  return written;
}

std::uint64_t LogWriter::next_reserved_offset() const {
  const auto next = std::min(reserved_offset_ + limits_.reserve_bytes, limits_.segment_bytes);
  const bool enough = reserved_offset_ - end_offset_ > limits_.reserve_bytes / 2;
  return enough ? reserved_offset_ : std::max(reserved_offset_, next);
}

void LogWriter::set_reserved(std::uint64_t offset) {
  reserved_offset_ = std::max(reserved_offset_, offset);
}

std::uint64_t LogWriter::append(std::string& out, const RecordHeader& header,
                                std::string_view payload, std::uint64_t chain) {
  const auto begin = end_offset_;
  end_offset_ += sizeof(RecordHeader) + payload.size();
  assert(end_offset_ <= reserved_offset_);
  return append_record(out, header, payload, chain, seed_, begin);
}

}  // namespace kv
