#include "disk/segment_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/start_error.hpp"
#include "disk/bytes.hpp"

namespace kv {

Result<std::unique_ptr<File>> create_next_segment(Folder& folder, std::uint64_t reserve_bytes) {
  auto file = folder.create(next_segment_name);
  if (!file) return file;
  auto done = write_zeros(**file, 0, sizeof(SegmentHeader) + reserve_bytes);
  if (done) done = (*file)->sync();
  if (done) return file;
  (void)folder.remove(next_segment_name);  // if it stays, the next start removes it
  return done.error();
}

Result<void> begin_next_segment(Folder& folder, File& file, const SegmentHeader& header) {
  auto done = file.write_at(0, bytes_of(header));
  if (done) done = file.sync();
  if (!done) return Error{Status::storage_failed, done.error().message};
  if (auto named = folder.rename(next_segment_name, segment_name(header.first_lsn)); !named)
    return named;
  if (auto synced = folder.sync(); !synced)
    return Error{Status::storage_failed, synced.error().message};
  return {};
}

std::unique_ptr<File> open_segment_file(const Folder& folder, const std::string& name) {
  constexpr std::uint64_t bytes_max = 256 * 1024 * 1024;  // the largest record takes half of it
  auto file = folder.open(name);
  const auto size = file ? (*file)->size() : file.error();
  if (!size) throw StartError{Exit::cannot_start, size.error().message};
  if (*size <= bytes_max) return std::move(*file);
  throw StartError{Exit::damaged,
                   fmt::format("{} is damaged at offset {}: no segment is longer, and it has {} "
                               "bytes; cut it there",
                               name, bytes_max, *size)};
}

Result<SegmentHeader> read_header_of(const Folder& folder, const std::string& name) {
  const auto bytes = open_segment_file(folder, name)->read_at(0, sizeof(SegmentHeader));
  if (!bytes) throw StartError{Exit::cannot_start, bytes.error().message};
  return read_segment_header(*bytes);
}

Result<std::map<Lsn, std::string>> list_segments(const Folder& folder) {
  const auto names = folder.list();
  if (!names) return names.error();
  std::map<Lsn, std::string> segments;
  for (const auto& name : *names) {
    if (const auto lsn = segment_first_lsn(name)) segments[*lsn] = name;
  }
  return segments;
}

Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t piece_bytes = 1024 * 1024;
  const std::string zeros(std::min(piece_bytes, to - from), '\0');
  while (from < to) {
    const auto bytes = std::min<std::uint64_t>(zeros.size(), to - from);
    if (auto written = file.write_at(from, std::string_view{zeros}.substr(0, bytes)); !written)
      return written;
    from += bytes;
  }
  return {};
}

}  // namespace kv
