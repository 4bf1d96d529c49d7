#include "disk/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>

#include "base/fatal_error.hpp"
#include "base/log.hpp"
#include "disk/recovery.hpp"

namespace kv {
namespace {

void print_file(const Folder& folder, const std::string& name, bool records, std::ostream& out) {
  const auto bytes = folder.read(name);
  if (!bytes) return fmt::print(out, "{}: {}\n", name, bytes.error().message);
  const bool is_log = name != snapshot_name;
  const auto log = read_log(*bytes, is_log ? log_magic : snapshot_magic);
  if (!log) return fmt::print(out, "{}: {}\n", name, log.error().message);
  fmt::print(out, "{}: up to LSN {}, {} groups, {} of {} bytes are valid\n", name,
             log->next_lsn - 1, log->groups.size(), log->end_offset, bytes->size());
  const auto print = [&out](Lsn lsn, std::string_view table, const std::vector<Entry>& changes) {
    fmt::print(out, "  LSN {}, table '{}':", lsn, escaped(table));
    for (const auto& [key, value] : changes)
      fmt::print(out, " {}'{}'", value ? "" : "without ", escaped(key));
    fmt::print(out, "\n");
  };
  for (std::size_t i = 0; records && is_log && i < log->groups.size(); ++i)
    (void)read_records(log->records(log->groups[i]), log->groups[i].header.first_lsn, print);
}

}  // namespace

void inspect_folder(const Folder& folder, bool records, std::ostream& out) {
  auto names = folder.list();
  if (!names) throw FatalError{Exit::cannot_start, names.error().message};
  std::ranges::sort(*names);
  for (const auto& name : *names) {
    if (name == snapshot_name || first_lsn_of(name)) print_file(folder, name, records, out);
  }
  const auto found = read_folder(folder, [](auto, auto, const auto&) {});
  fmt::print(out, "a start would recover up to LSN {}\n", found.last_lsn);
}

}  // namespace kv
