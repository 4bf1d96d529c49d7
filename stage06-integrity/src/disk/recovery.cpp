#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/start_error.hpp"
#include "disk/folder_reader.hpp"
#include "disk/identity.hpp"

namespace kv {

Surveyor::Surveyor(const Folder& folder, bool truncate, const Loader& loader)
    : folder_{folder}, truncate_{truncate}, loader_{loader} {
  survey_.files = list_data_files(folder);
}

Survey Surveyor::survey() {
  survey_.is_new = !survey_.files.has_data();
  if (survey_.is_new) return std::move(survey_);
  read_identity();
  choose_snapshot();
  read_log();
  check_floor();
  survey_.end.segment = last_segment();
  return std::move(survey_);
}

std::optional<Position> Surveyor::covered() const {
  if (!survey_.snapshot) return std::nullopt;
  return Position{survey_.snapshot->lsn, survey_.snapshot->chain, 0};
}

void Surveyor::damage(const std::string& file, std::uint64_t offset, const std::string& reason) {
  const auto text = fmt::format("{} is damaged at offset {}: {}", file, offset, reason);
  if (!truncate_) {
    throw StartError{Exit::damaged, text + "; --recover=truncate starts with what is whole"};
  }
  survey_.warnings.push_back(text);
}

void Surveyor::read_identity() {
  const auto manifest = read_manifest(folder_);
  if (!manifest) {
    refuse_unknown_version(manifest_name, manifest.error());
    const std::string reason =
        survey_.files.has_manifest ? manifest.error().message : "it is missing, and there is data";
    damage(manifest_name, 0, reason);
    survey_.store = identity_of_files(folder_, survey_.files, reason);
    return;
  }
  refuse_manifest_of_another_store(folder_, survey_.files, manifest->store);
  manifest_ = *manifest;
  survey_.store = manifest_.store;
  survey_.named_segment = manifest_.newest_segment;
  floor_ = manifest_.clean == 1 ? manifest_.clean_lsn : 0;
  check_newest_segment();
}

void Surveyor::check_newest_segment() {
  const Lsn newest = manifest_.newest_segment;
  const auto newer = std::distance(segments_.upper_bound(newest), segments_.end());
  if (newest != 0 && !segments_.contains(newest)) {
    damage(segment_name(newest), 0, "it is missing, and MANIFEST names it");
  } else if (newer > 1) {
    damage(manifest_name, 0, fmt::format("{} segments are newer than the one it names", newer));
  }
}

/// The newest one that is whole.
void Surveyor::choose_snapshot() {
  for (auto candidate = snapshots_.rbegin(); candidate != snapshots_.rend(); ++candidate) {
    const auto& [lsn, name] = *candidate;
    const auto file = open_or_throw(folder_, name);
    const auto header = read_snapshot_header(*file);
    if (!header || header->store == survey_.store) floor_ = std::max(floor_, lsn);  // by its name
    Pieces pieces{*file};
    const auto snapshot = read_snapshot(pieces, survey_.store, lsn, loader_.change);
    if (pieces.error()) throw StartError{Exit::cannot_start, pieces.error()->message};
    if (snapshot) {
      survey_.snapshot = *snapshot;
      survey_.end = *covered();
      return;
    }
    refuse_unknown_version(name, snapshot.error());
    loader_.clear();
    survey_.set_aside.push_back(name);
    survey_.warnings.push_back(name + ": " + snapshot.error().message + "; it is not used");
  }
}

void Surveyor::check_floor() {
  if (survey_.end.lsn < floor_) {
    const Segment* last = survey_.segments.empty() ? nullptr : &survey_.segments.back();
    damage(last ? segment_name(last->header.first_lsn) : manifest_name, last ? last->end_offset : 0,
           fmt::format("the log ends at LSN {}, and LSN {} was durable", survey_.end.lsn, floor_));
    if (survey_.end.lsn < snapshot_end()) use_the_snapshot_alone();
  }
  survey_.clean = manifest_.clean == 1 && manifest_.clean_lsn == survey_.end.lsn &&
                  (survey_.segments.empty() || survey_.segments.back().tail == Tail::clean);
}

/// It has more than what is left of the log.
void Surveyor::use_the_snapshot_alone() {
  for (const auto& segment : std::exchange(survey_.segments, {}))
    survey_.set_aside.push_back(segment_name(segment.header.first_lsn));
  survey_.end = *covered();
}

/// The one that the next one goes on from: it takes the name of one without records.
std::uint64_t Surveyor::last_segment() const {
  if (survey_.segments.empty()) return covered_id_.value_or(0);
  const auto& last = survey_.segments.back();
  return last.end.lsn < last.header.first_lsn ? last.header.previous : last.header.id;
}

Survey survey_folder(const Folder& folder, bool truncate, const Loader& loader) {
  return Surveyor{folder, truncate, loader}.survey();
}

}  // namespace kv
