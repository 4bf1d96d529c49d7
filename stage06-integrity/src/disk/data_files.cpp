#include "disk/data_files.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kv {
namespace {

constexpr std::string_view torn_mark = ".torn-";

/// A name that is an LSN in 20 digits, and what stands before and after it.
struct Pattern {
  std::string_view begin, end;

  std::string name(Lsn lsn) const { return fmt::format("{}{:020}{}", begin, lsn, end); }

  std::optional<Lsn> lsn(const std::string& name) const {
    Lsn lsn = 0;
    if (!name.starts_with(begin) || !name.ends_with(end)) return std::nullopt;
    std::from_chars(name.data() + begin.size(), name.data() + name.size(), lsn);
    return this->name(lsn) == name ? std::optional{lsn} : std::nullopt;
  }
};
constexpr Pattern segment_pattern{"wal-", ".log"}, snapshot_pattern{"snapshot-", ".kv"};

/// Of one that this program has begun to write.
bool is_temporary(const std::string& name) {
  if (!name.ends_with(temporary_suffix)) return false;
  const auto whole = name.substr(0, name.size() - temporary_suffix.size());
  return whole == manifest_name || name == snapshot_temporary_name || name == next_segment_name ||
         segment_first_lsn(whole.substr(0, whole.find(torn_mark)));
}

}  // namespace

std::string segment_name(Lsn first_lsn) { return segment_pattern.name(first_lsn); }
std::string snapshot_name(Lsn lsn) { return snapshot_pattern.name(lsn); }

std::optional<Lsn> segment_first_lsn(const std::string& name) { return segment_pattern.lsn(name); }
std::optional<Lsn> snapshot_lsn(const std::string& name) { return snapshot_pattern.lsn(name); }

Result<DataFiles> list_data_files(const Folder& folder) {
  const auto names = folder.list();
  if (!names) return names.error();
  DataFiles files;
  for (const auto& name : *names) {
    files.names.insert(name);
    if (const auto first_lsn = segment_first_lsn(name)) files.segments[*first_lsn] = name;
    if (const auto lsn = snapshot_lsn(name)) files.snapshots[*lsn] = name;
    if (name == manifest_name) files.has_manifest = true;
    if (is_temporary(name)) files.temporaries.push_back(name);
  }
  return files;
}

std::string torn_name(const DataFiles& files, const std::string& name, std::uint64_t offset) {
  const auto first = fmt::format("{}{}{}", name, torn_mark, offset);
  auto free = first;
  for (int number = 2; files.names.contains(free); ++number)
    free = fmt::format("{}.{}", first, number);
  return free;
}

}  // namespace kv
