#include "disk/data_files.hpp"

#include <fmt/format.h>

#include "base/start_error.hpp"
#include "disk/manifest.hpp"
#include "disk/segment_file.hpp"
#include "disk/snapshot.hpp"

namespace kv {
namespace {

constexpr std::string_view torn_mark = ".torn-";
constexpr Lsn lsn_max = Lsn{1} << 63;  // one that can be counted on from: it never wraps

/// Of one that this program has begun to write.
bool is_temporary(const std::string& name) {
  if (!name.ends_with(temporary_suffix)) return false;
  const auto whole = name.substr(0, name.size() - temporary_suffix.size());
  return whole == manifest_name || name == snapshot_temporary_name || name == next_segment_name ||
         segment_first_lsn(whole.substr(0, whole.find(torn_mark)));
}

void must_be(bool possible, const std::string& name) {
  if (!possible)
    throw StartError{Exit::damaged, name + ": no log comes to this LSN; move the file away"};
}

/// The log of stage 5 is of another format, and its folder none to begin a new store in.
void refuse_small_log(const Folder& folder, const std::string& name) {
  constexpr std::string_view prefix = "log-", magic = "kv5log 1";
  if (!name.starts_with(prefix)) return;
  const auto file = folder.open(name);
  const auto begin = file ? (*file)->read_at(0, magic.size()) : file.error();
  if (begin && *begin == magic)
    throw StartError{Exit::cannot_start,
                     name + " is of stage 5, which has another format; name another --data-dir"};
}

}  // namespace

DataFiles list_data_files(const Folder& folder) {
  const auto names = folder.list();
  if (!names) throw StartError{Exit::cannot_start, names.error().message};
  DataFiles files;
  for (const auto& name : *names) {
    files.names.insert(name);
    const auto segment = segment_first_lsn(name), snapshot = snapshot_lsn(name);
    if (segment) {
      must_be(*segment > 0 && *segment <= lsn_max, name);
      files.segments[*segment] = name;
    } else if (snapshot) {
      must_be(*snapshot < lsn_max, name);
      files.snapshots[*snapshot] = name;
    } else if (name == manifest_name) {
      files.has_manifest = true;
    } else if (is_temporary(name)) {
      files.temporaries.push_back(name);
    } else {
      refuse_small_log(folder, name);
      continue;
    }
    const auto opened = folder.open(name);  // a folder of that name would be in the way
    if (!opened) throw StartError{Exit::cannot_start, opened.error().message};
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
