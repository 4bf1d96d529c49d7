#include "segment_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bytes.hpp"
#include "manifest.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

Result<void> fill(File& file, const SegmentHeader& header, std::uint64_t reserve_bytes) {
  if (auto written = file.write_at(0, bytes_of(header)); !written) return written;
  const auto zeros = write_zeros(file, sizeof(header), sizeof(header) + reserve_bytes);
  return zeros ? file.sync() : zeros;
}

}  // namespace

Result<std::unique_ptr<File>> create_segment(Folder& folder, const SegmentHeader& header,
                                             std::uint64_t reserve_bytes) {
  const auto name = segment_name(header.first_lsn);
  const auto temporary = name + std::string{temporary_suffix};
  auto file = folder.create(temporary);
  if (!file) return file;
  if (auto filled = fill(**file, header, reserve_bytes); !filled) {
    (void)folder.remove(temporary);  // if it stays, the next start removes it
    return filled.error();
  }
  const bool replaces = folder.open(name).has_value();  // one without records, at a start
  auto done = folder.rename(temporary, name);
  if (done) done = folder.sync();
  if (!done) return Error{Status::storage_failed, done.error().message};

  done =
      write_manifest(folder, Manifest{.store = header.store, .newest_segment = header.first_lsn});
  if (done) return file;
  if (done.error().status != Status::no_space || replaces) return done.error();
  auto undone = folder.remove(name);  // the old segment goes on, and its records need this LSN
  if (undone) undone = folder.sync();
  return undone ? done.error() : Error{Status::storage_failed, undone.error().message};
}

std::string read_segment_file(const Folder& folder, const std::string& name) {
  constexpr std::uint64_t bytes_max = 256 * 1024 * 1024;  // the largest record takes half of it
  const auto file = folder.open(name);
  const auto size = file ? (*file)->size() : file.error();
  if (size && *size > bytes_max) {
    throw StartError{Exit::damaged,
                     fmt::format("{} is damaged at offset {}: no segment is longer, and it has {} "
                                 "bytes; cut it there",
                                 name, bytes_max, *size)};
  }
  auto bytes = size ? (*file)->read_at(0, *size) : size.error();
  if (!bytes) throw StartError{Exit::cannot_start, bytes.error().message};
  return std::move(*bytes);
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
