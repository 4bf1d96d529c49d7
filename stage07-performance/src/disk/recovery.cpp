#include "disk/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "disk/folder_reader.hpp"

namespace kv {
namespace {

constexpr Lsn lsn_max = Lsn{1} << 63;  // one that can be counted on from: it never wraps

void must_be(bool possible, const std::string& name) {
  if (!possible)
    throw FatalError{Exit::damaged, name + ": no log comes to this LSN; move the file away"};
}

/// The log of stage 5 is of another format, and its folder none to begin a new store in.
void refuse_stage5_log(const Folder& folder, const std::string& name) {
  constexpr std::string_view prefix = "log-", magic = "kv5log 1";
  if (!name.starts_with(prefix)) return;
  const auto file = folder.open(name);
  const auto begin = file ? (*file)->read_at(0, magic.size()) : file.error();
  if (begin && *begin == magic)
    throw FatalError{Exit::cannot_start,
                     name + " is of stage 5, which has another format; name another --data-dir"};
}

}  // namespace

Recovered read_folder(const Folder& folder, bool truncate, const Loader& loader) {
  return FolderReader{folder, truncate, loader}.read();
}

Recovered FolderReader::read() {
  found_.files = must(list_data_files(folder_));
  check_names();
  found_.is_new = !found_.files.has_data();
  if (found_.is_new) return std::move(found_);
  read_identity();
  choose_snapshot();
  read_log();
  check_floor();
  found_.end.segment = last_segment();
  return std::move(found_);
}

void FolderReader::refuse_unless_truncate(const std::string& file, std::uint64_t offset,
                                          const std::string& reason) {
  const auto text = fmt::format("{} is damaged at offset {}: {}", file, offset, reason);
  if (!truncate_) {
    throw FatalError{Exit::damaged, text + "; --recover=truncate starts with what is whole"};
  }
  found_.warnings.push_back(text);
}

void FolderReader::refuse_unknown_version(const std::string& file, const Error& error) {
  if (error.status != Status::unknown_version) return;
  throw FatalError{Exit::damaged, file + ": " + error.message + "; a later one may"};
}

/// Of each file that is ours: it has an LSN that can be, and is a file that can be read.
void FolderReader::check_names() {
  auto ours = found_.files.temporaries;
  if (found_.files.has_manifest) ours.push_back(manifest_name);
  for (const auto& [first_lsn, name] : segments_) {
    must_be(first_lsn > 0 && first_lsn <= lsn_max, name);
    ours.push_back(name);
  }
  for (const auto& [lsn, name] : snapshots_) {
    must_be(lsn < lsn_max, name);
    ours.push_back(name);
  }
  for (const auto& name : ours) (void)must(folder_.open(name));  // else it would be in the way
  for (const auto& name : found_.files.names) refuse_stage5_log(folder_, name);
}

// --- whose files these are ---

/// From the manifest; where that is lost, segments and snapshots know it, too.
void FolderReader::read_identity() {
  const auto manifest = read_manifest(folder_);
  if (!manifest) refuse_unknown_version(manifest_name, manifest.error());
  const auto stores = stores_of_files();
  if (!manifest) {
    const std::string reason =
        found_.files.has_manifest ? manifest.error().message : "it is missing, and there is data";
    refuse_unless_truncate(manifest_name, 0, reason);
    if (stores.empty()) {
      throw FatalError{Exit::damaged,
                       fmt::format("{}: {}, and no file tells which store this is; {}",
                                   manifest_name, reason, way_on)};
    }
    if (stores.size() > 1) {
      std::string files;
      for (const auto& [store, names] : stores) files += "; of one:" + names;
      throw FatalError{Exit::damaged,
                       fmt::format("{}: {}, and there are files of {} stores: move those away that "
                                   "are not yours{}",
                                   manifest_name, reason, stores.size(), files)};
    }
    found_.store = stores.begin()->first;
    return;
  }
  if (stores.size() == 1 && !stores.contains(manifest->store)) {
    throw FatalError{Exit::damaged,
                     fmt::format("{} is of another store than all other files here; put theirs in "
                                 "its place, or move it away and start with --recover=truncate",
                                 manifest_name)};
  }
  manifest_ = *manifest;
  found_.store = manifest_.store;
  found_.named_segment = manifest_.newest_segment;
  floor_ = manifest_.clean == 1 ? manifest_.clean_lsn : 0;
  check_newest_segment();
}

/// The stores that the headers of segments and snapshots name, each with these files.
std::map<StoreId, std::string> FolderReader::stores_of_files() const {
  std::map<StoreId, std::string> stores;
  for (const auto& [first_lsn, name] : segments_) {
    if (const auto header = header_of(name)) stores[header->store] += " " + name;
  }
  for (const auto& [lsn, name] : snapshots_) {
    if (const auto header = read_snapshot_header(*must(folder_.open(name))))
      stores[header->store] += " " + name;
  }
  return stores;
}

void FolderReader::check_newest_segment() {
  const Lsn newest = manifest_.newest_segment;
  const auto newer = std::distance(segments_.upper_bound(newest), segments_.end());
  if (newest != 0 && !segments_.contains(newest)) {
    refuse_unless_truncate(segment_name(newest), 0, "it is missing, and MANIFEST names it");
  } else if (newer > 1) {
    refuse_unless_truncate(manifest_name, 0,
                           fmt::format("{} segments are newer than the one it names", newer));
  }
}

// --- what the data begin with ---

/// The newest one that is whole.
void FolderReader::choose_snapshot() {
  for (auto candidate = snapshots_.rbegin(); candidate != snapshots_.rend(); ++candidate) {
    const auto& [lsn, name] = *candidate;
    const auto file = must(folder_.open(name));
    const auto header = read_snapshot_header(*file);
    if (!header || header->store == found_.store) floor_ = std::max(floor_, lsn);  // by its name
    Pieces pieces{*file};
    const auto snapshot = read_snapshot(pieces, found_.store, lsn, loader_.change);
    if (pieces.error()) throw FatalError{Exit::cannot_start, pieces.error()->message};
    if (snapshot) {
      found_.snapshot = *snapshot;
      found_.end = *covered();
      return;
    }
    refuse_unknown_version(name, snapshot.error());
    loader_.clear();
    found_.set_aside.push_back(name);
    found_.warnings.push_back(name + ": " + snapshot.error().message + "; it is not used");
  }
}

std::optional<Position> FolderReader::covered() const {
  if (!found_.snapshot) return std::nullopt;
  return Position{found_.snapshot->lsn, found_.snapshot->chain, 0};
}

// --- how far they go ---

/// A log that ends below the floor has lost something that had been durable.
void FolderReader::check_floor() {
  if (found_.end.lsn < floor_) {
    const Segment* last = found_.segments.empty() ? nullptr : &found_.segments.back();
    refuse_unless_truncate(
        last ? segment_name(last->header.first_lsn) : manifest_name, last ? last->end_offset : 0,
        fmt::format("the log ends at LSN {}, and LSN {} was durable", found_.end.lsn, floor_));
    if (found_.end.lsn < snapshot_end()) use_the_snapshot_alone();
  }
  found_.clean = manifest_.clean == 1 && manifest_.clean_lsn == found_.end.lsn &&
                 (found_.segments.empty() || found_.segments.back().tail == Tail::clean);
}

/// It has more than what is left of the log.
void FolderReader::use_the_snapshot_alone() {
  for (const auto& segment : std::exchange(found_.segments, {}))
    found_.set_aside.push_back(segment_name(segment.header.first_lsn));
  found_.end = *covered();
}

/// The id of the segment that the next one goes on from. One without records will be replaced, so
/// then it is the one before.
std::uint64_t FolderReader::last_segment() const {
  if (found_.segments.empty()) return covered_id_.value_or(0);
  const auto& last = found_.segments.back();
  return last.end.lsn < last.header.first_lsn ? last.header.previous : last.header.id;
}

}  // namespace kv
