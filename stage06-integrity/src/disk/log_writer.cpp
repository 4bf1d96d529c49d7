#include "disk/log_writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "disk/bytes.hpp"
#include "disk/data_files.hpp"

namespace kv {

Result<TemporaryFile> create_next_segment(Folder& folder, std::uint64_t reserve_bytes) {
  auto next = TemporaryFile::create(folder, next_segment_name);
  if (!next) return next;
  auto done = write_zeros(*next->file(), 0, sizeof(SegmentHeader) + reserve_bytes);
  if (done) done = next->file()->sync();
  if (!done) return done.error();
  return next;
}

Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<char, 64 * 1024> zeros{};  // so that it takes no memory
  while (from < to) {
    const auto bytes = std::min<std::uint64_t>(zeros.size(), to - from);
    if (auto written = file.write_at(from, {zeros.data(), bytes}); !written) return written;
    from += bytes;
  }
  return {};
}

LogWriter::LogWriter(TemporaryFile file, const SegmentHeader& header, const Limits& limits)
    : limits_{limits},
      file_{std::move(file)},
      header_{header},
      seed_{segment_seed(header)},
      end_offset_{sizeof(SegmentHeader)},
      reserved_offset_{end_offset_ + limits.reserve_bytes} {
  file_.file()->set_name(segment_name(header.first_lsn));
}

Result<void> LogWriter::publish() {
  if (auto written = file()->write_at(0, bytes_of(header_)); !written)
    return as_final(written.error());  // it had room
  return file_.publish(segment_name(header_.first_lsn));
}

bool LogWriter::may_grow(std::uint64_t bytes) const {
  const bool no_records = end_offset_ == sizeof(SegmentHeader);
  return end_offset_ + bytes <= limits_.segment_bytes || no_records;
}

Result<void> LogWriter::reserve(std::uint64_t bytes) {
  const auto end = end_offset_ + bytes;
  const auto step_end = std::min(reserved_offset_ + limits_.reserve_bytes, limits_.segment_bytes);
  auto written = write_zeros(*file(), reserved_offset_, std::max(end, step_end));
  if (written) {
    reserved_offset_ = std::max(end, step_end);
  } else if (end < step_end) {  // the disk may have room for this one record still
    written = write_zeros(*file(), reserved_offset_, end);
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
