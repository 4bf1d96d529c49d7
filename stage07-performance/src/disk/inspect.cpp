#include "disk/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <iostream>

#include "base/fatal_error.hpp"
#include "base/log.hpp"
#include "disk/recovery.hpp"

namespace kv {
namespace {

void print_record(std::ostream& out, std::uint64_t offset, const RecordHeader& header,
                  std::string_view payload) {
  fmt::print(out, "  {:>10}  LSN {}, durable {}", offset, header.lsn, header.durable_lsn);
  if (header.type == RecordType::mark) fmt::print(out, ", mark");
  bool first = true;
  const auto print_change = [&](std::string_view table, std::string_view key, const Row& row) {
    if (std::exchange(first, false)) fmt::print(out, ", table '{}':", escaped(table));
    fmt::print(out, " {}'{}'", row ? "" : "without ", escaped(key));
  };
  if (!payload.empty() && !read_changes(payload, print_change))
    fmt::print(out, " (makes no sense)");
  fmt::print(out, "\n");
}

// What a file that cannot be shown is to a start, read_folder tells.

void print_segment(const Folder& folder, const std::string& name, bool records, std::ostream& out) {
  const auto file = open_segment(folder, name);
  if (!file) return fmt::print(out, "{}\n", file.error().message);
  Pieces pieces{**file};
  const auto header = read_segment_header(pieces.at(0, sizeof(SegmentHeader)));
  if (!header) return fmt::print(out, "{}: {}\n", name, header.error().message);
  const auto print = [&](auto offset, const auto& record, auto payload) {
    if (records) print_record(out, offset, record, payload);
  };
  const auto segment = read_segment(pieces, *header, print);
  if (!segment) return fmt::print(out, "{}\n", segment.error().message);
  constexpr const char* tails[] = {"clean", "torn", "corrupt"};
  fmt::print(out, "{}: {} records, LSN {} to {}, {} of {} bytes, {}\n", name, segment->records,
             header->first_lsn, segment->end.lsn, segment->end_offset, pieces.size(),
             tails[static_cast<int>(segment->tail)]);
}

void print_snapshot(const Folder& folder, const StoreId& store, const std::string& name, Lsn lsn,
                    std::ostream& out) {
  const auto file = folder.open(name);
  if (!file) return fmt::print(out, "{}\n", file.error().message);
  Pieces pieces{**file};
  const auto snapshot = read_snapshot(pieces, store, lsn, nullptr);
  if (snapshot) {
    fmt::print(out, "{}: {} rows, up to LSN {}\n", name, snapshot->rows, snapshot->lsn);
  } else {
    fmt::print(out, "{}: {}\n", name, snapshot.error().message);
  }
}

}  // namespace

void inspect_folder(const Folder& folder, bool records, std::ostream& out) {
  const auto files = list_data_files(folder);
  if (!files) throw FatalError{Exit::cannot_start, files.error().message};
  const auto manifest = read_manifest(folder);
  if (manifest) {
    fmt::print(out, "{}: newest segment {}, {}\n", manifest_name, manifest->newest_segment,
               manifest->clean == 1 ? fmt::format("clean stop at LSN {}", manifest->clean_lsn)
                                    : "in use, or not stopped");
  }
  for (const auto& [lsn, name] : files->snapshots) {
    if (manifest) print_snapshot(folder, manifest->store, name, lsn, out);
  }
  for (const auto& [lsn, name] : files->segments) print_segment(folder, name, records, out);
  const auto found = read_folder(folder, false);
  for (const auto& warning : found.warnings) fmt::print(out, "warning: {}\n", warning);
  for (const auto& warning : check_unread(folder, found).warnings)
    fmt::print(out, "warning: {}\n", warning);
  fmt::print(out, "a start would recover up to LSN {}{}\n", found.end.lsn,
             found.clean ? " (clean stop)" : "");
  if (const auto writable = folder.check_writable(); !writable)
    throw FatalError{Exit::cannot_start, writable.error().message};
}

}  // namespace kv
