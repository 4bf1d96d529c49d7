#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/start_error.hpp"
#include "disk/folder_reader.hpp"
#include "disk/identity.hpp"

namespace kv {

FolderReader::FolderReader(const Folder& folder, bool truncate, const Loader& loader)
    : folder_{folder}, truncate_{truncate}, loader_{loader} {
  found_.files = list_data_files(folder);
}

Recovered FolderReader::read() {
  found_.is_new = !found_.files.has_data();
  if (found_.is_new) return std::move(found_);
  read_identity();
  choose_snapshot();
  read_log();
  check_floor();
  found_.end.segment = last_segment();
  return std::move(found_);
}

std::optional<Position> FolderReader::covered() const {
  if (!found_.snapshot) return std::nullopt;
  return Position{found_.snapshot->lsn, found_.snapshot->chain, 0};
}

void FolderReader::damage(const std::string& file, std::uint64_t offset,
                          const std::string& reason) {
  const auto text = fmt::format("{} is damaged at offset {}: {}", file, offset, reason);
  if (!truncate_) {
    throw StartError{Exit::damaged, text + "; --recover=truncate starts with what is whole"};
  }
  found_.warnings.push_back(text);
}

void FolderReader::read_identity() {
  const auto manifest = read_manifest(folder_);
  if (!manifest) {
    refuse_unknown_version(manifest_name, manifest.error());
    const std::string reason =
        found_.files.has_manifest ? manifest.error().message : "it is missing, and there is data";
    damage(manifest_name, 0, reason);
    found_.store = identity_of_files(folder_, found_.files, reason);
    return;
  }
  refuse_manifest_of_another_store(folder_, found_.files, manifest->store);
  manifest_ = *manifest;
  found_.store = manifest_.store;
  found_.named_segment = manifest_.newest_segment;
  floor_ = manifest_.clean == 1 ? manifest_.clean_lsn : 0;
  check_newest_segment();
}

void FolderReader::check_newest_segment() {
  const Lsn newest = manifest_.newest_segment;
  const auto newer = std::distance(segments_.upper_bound(newest), segments_.end());
  if (newest != 0 && !segments_.contains(newest)) {
    damage(segment_name(newest), 0, "it is missing, and MANIFEST names it");
  } else if (newer > 1) {
    damage(manifest_name, 0, fmt::format("{} segments are newer than the one it names", newer));
  }
}

/// The newest one that is whole.
void FolderReader::choose_snapshot() {
  for (auto candidate = snapshots_.rbegin(); candidate != snapshots_.rend(); ++candidate) {
    const auto& [lsn, name] = *candidate;
    const auto file = open_or_throw(folder_, name);
    const auto header = read_snapshot_header(*file);
    if (!header || header->store == found_.store) floor_ = std::max(floor_, lsn);  // by its name
    Pieces pieces{*file};
    const auto snapshot = read_snapshot(pieces, found_.store, lsn, loader_.change);
    if (pieces.error()) throw StartError{Exit::cannot_start, pieces.error()->message};
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

void FolderReader::check_floor() {
  if (found_.end.lsn < floor_) {
    const Segment* last = found_.segments.empty() ? nullptr : &found_.segments.back();
    damage(last ? segment_name(last->header.first_lsn) : manifest_name, last ? last->end_offset : 0,
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

/// The one that the next one goes on from: it takes the name of one without records.
std::uint64_t FolderReader::last_segment() const {
  if (found_.segments.empty()) return covered_id_.value_or(0);
  const auto& last = found_.segments.back();
  return last.end.lsn < last.header.first_lsn ? last.header.previous : last.header.id;
}

Recovered read_folder(const Folder& folder, bool truncate, const Loader& loader) {
  return FolderReader{folder, truncate, loader}.read();
}

}  // namespace kv
