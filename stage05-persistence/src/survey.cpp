#include "survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "segment_file.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

class Surveyor {
 public:
  Surveyor(const Folder& folder, bool truncate) : folder_{folder}, truncate_{truncate} {
    survey_.files = list_data_files(folder);
  }

  Survey survey() {
    if (!read_identity()) return std::move(survey_);
    choose_snapshot();
    read_segments();
    check_floor();
    check_beginning();
    return std::move(survey_);
  }

 private:
  bool read_identity();  // false: the folder is new
  StoreId identity_of_files(const std::string& reason);
  void choose_snapshot();
  void read_segments();
  bool check_header(const std::string& name, const Result<SegmentHeader>& header, Lsn first_lsn);
  bool check_tail(const std::string& name, const Segment& segment,
                  std::optional<Lsn> next_first_lsn);
  void check_floor();
  void check_beginning();
  void set_log_aside();
  Lsn snapshot_end() const { return survey_.snapshot ? survey_.snapshot->lsn : 0; }
  bool is_covered(Lsn next_lsn) const { return next_lsn <= snapshot_end() + 1; }  // by the snapshot

  /// What a later version wrote is not ours to cut.
  static void refuse_unknown(const std::string& file, const Error& error) {
    if (error.status != Status::unknown_version) return;
    throw StartError{Exit::damaged, file + ": " + error.message + "; a later one may"};
  }

  /// Damage that the log cannot be read past. Returns when less is enough.
  void damage(const std::string& file, std::uint64_t offset, const std::string& reason) {
    const auto text = fmt::format("{} is damaged at offset {}: {}", file, offset, reason);
    if (!truncate_) {
      throw StartError{Exit::damaged, text + "; --recover=truncate starts with what is whole"};
    }
    survey_.warnings.push_back(text);
  }

  /// Throws StartError(cannot_start).
  std::unique_ptr<File> open(const std::string& name) const {
    auto file = folder_.open(name);
    if (!file) throw StartError{Exit::cannot_start, file.error().message};
    return std::move(*file);
  }

  static constexpr const char* way_on = "put the files of a copy in its place";

  const Folder& folder_;
  const bool truncate_;
  Survey survey_;
  Manifest manifest_;
  const std::map<Lsn, std::string>& segments_ = survey_.files.segments;
  const std::map<Lsn, std::string>& snapshots_ = survey_.files.snapshots;
  Lsn floor_ = 0;               // the largest LSN that is known to have been durable
  std::optional<Position> at_;  // where the log stands; none: only the snapshot knows
};

bool Surveyor::read_identity() {
  survey_.is_new = !survey_.files.has_data();
  if (survey_.is_new) return false;
  const bool missing = !survey_.files.has_manifest;
  if (!missing) (void)open(manifest_name);  // else what follows would call it damaged
  const auto manifest = read_manifest(folder_);
  if (!manifest) {
    refuse_unknown(manifest_name, manifest.error());
    const std::string reason =
        missing ? "it is missing, and there is data" : manifest.error().message;
    damage(manifest_name, 0, reason);
    survey_.store = identity_of_files(reason);
    return true;
  }
  manifest_ = *manifest;
  survey_.store = manifest_.store;
  floor_ = manifest_.clean == 1 ? manifest_.clean_lsn : 0;
  const Lsn newest = manifest_.newest_segment;
  const auto newer = std::distance(segments_.upper_bound(newest), segments_.end());
  if (newest != 0 && !segments_.contains(newest)) {
    damage(segment_name(newest), 0, "it is missing, and MANIFEST names it");
  } else if (newer > 1) {
    damage(manifest_name, 0, fmt::format("{} segments are newer than the one it names", newer));
  }
  return true;
}

/// The manifest is lost: segments and snapshots know whose they are, too.
StoreId Surveyor::identity_of_files(const std::string& reason) {
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const auto header = read_segment_header(read_segment_file(folder_, segment->second));
    if (header) return header->store;
  }
  for (auto snapshot = snapshots_.rbegin(); snapshot != snapshots_.rend(); ++snapshot) {
    if (const auto header = read_snapshot_header(*open(snapshot->second))) return header->store;
  }
  throw StartError{Exit::damaged, fmt::format("{}: {}, and no file tells which store this is; {}",
                                              manifest_name, reason, way_on)};
}

/// The newest one that is whole.
void Surveyor::choose_snapshot() {
  for (auto candidate = snapshots_.rbegin(); candidate != snapshots_.rend(); ++candidate) {
    const auto& [lsn, name] = *candidate;
    const auto snapshot = read_snapshot(*open(name), survey_.store, lsn, nullptr);
    if (snapshot) {
      survey_.snapshot = *snapshot;
      floor_ = std::max(floor_, lsn);
      return;
    }
    refuse_unknown(name, snapshot.error());
    survey_.set_aside.push_back(name);
    survey_.warnings.push_back(name + ": " + snapshot.error().message + "; it is not used");
  }
}

void Surveyor::read_segments() {
  bool ended = false;
  for (auto segment = segments_.begin(); segment != segments_.end(); ++segment) {
    const auto& [first_lsn, name] = *segment;
    const auto bytes = read_segment_file(folder_, name);
    const auto header = read_segment_header(bytes);
    if (!header) refuse_unknown(name, header.error());
    if (ended) {
      survey_.set_aside.push_back(name);
      continue;
    }
    const auto next = std::next(segment);
    const auto next_lsn = next == segments_.end() ? std::nullopt : std::optional{next->first};
    if (!check_header(name, header, first_lsn)) {
      if (next_lsn && is_covered(*next_lsn)) continue;
      survey_.set_aside.push_back(name);
      ended = true;
      continue;
    }
    survey_.segments.push_back(read_segment(bytes, *header, [](auto, const auto&, auto) {}));
    const Segment& read = survey_.segments.back();
    floor_ = std::max(floor_, read.floor);
    at_ = survey_.end = read.end;
    ended = !check_tail(name, read, next_lsn);
  }
}

/// False: the segment can't be used. What a snapshot covers is not needed.
bool Surveyor::check_header(const std::string& name, const Result<SegmentHeader>& header,
                            Lsn first_lsn) {
  std::string reason;
  if (!header) {
    reason = header.error().message;
  } else if (header->store != survey_.store) {
    reason = "the segment of another store";
  } else if (header->first_lsn != first_lsn) {
    reason = "it begins at another LSN than its name says";
  } else if (at_ && (first_lsn != at_->lsn + 1 || header->chain != at_->chain) &&
             !is_covered(first_lsn)) {
    reason = fmt::format("it does not go on where the segment before it ends, at LSN {}", at_->lsn);
  } else {
    return true;
  }
  const auto next = segments_.upper_bound(first_lsn);
  if (next != segments_.end() && is_covered(next->first)) {
    survey_.warnings.push_back(name + ": " + reason + "; the snapshot makes it unneeded");
    at_.reset();
  } else {
    damage(name, 0, reason);
  }
  return false;
}

/// False: the log ends here, before its end.
bool Surveyor::check_tail(const std::string& name, const Segment& segment,
                          std::optional<Lsn> next_first_lsn) {
  if (segment.tail == Tail::clean) return true;
  const auto stray = [&](const char* why) {
    survey_.warnings.push_back(
        fmt::format("{}: unexpected bytes at offset {}; {}", name, segment.end_offset, why));
    return true;
  };
  if (next_first_lsn) {
    if (*next_first_lsn == segment.end.lsn + 1)
      return stray("nothing was written there, and nothing is missing");
    if (is_covered(*next_first_lsn)) {
      at_.reset();
      return stray("the snapshot makes what is missing unneeded");
    }
  } else if (segment.tail == Tail::torn) {
    return true;
  }
  damage(name, segment.end_offset, fmt::format("no valid record with LSN {}", segment.end.lsn + 1));
  return false;
}

void Surveyor::check_floor() {
  if (survey_.end.lsn < floor_) {
    const Segment* last = survey_.segments.empty() ? nullptr : &survey_.segments.back();
    damage(last ? segment_name(last->header.first_lsn) : manifest_name, last ? last->end_offset : 0,
           fmt::format("the log ends at LSN {}, and LSN {} was durable", survey_.end.lsn, floor_));
    if (survey_.end.lsn < snapshot_end()) set_log_aside();
  }
  survey_.clean = manifest_.clean == 1 && manifest_.clean_lsn == survey_.end.lsn &&
                  (survey_.segments.empty() || survey_.segments.back().tail == Tail::clean);
}

/// The snapshot has more than what is left of the log.
void Surveyor::set_log_aside() {
  for (const auto& segment : std::exchange(survey_.segments, {}))
    survey_.set_aside.push_back(segment_name(segment.header.first_lsn));
  survey_.end = {.lsn = snapshot_end()};
}

/// The log must begin where the snapshot needs it.
void Surveyor::check_beginning() {
  if (survey_.segments.empty() || is_covered(survey_.segments.front().header.first_lsn)) return;
  const auto first = survey_.segments.front().header.first_lsn;
  std::string reason =
      fmt::format("the log begins at LSN {}, and no whole snapshot reaches it", first);
  for (const auto& warning : survey_.warnings) reason += "; " + warning;
  throw StartError{Exit::damaged, fmt::format("{}: {}; {}", segment_name(first), reason, way_on)};
}

}  // namespace

Survey survey_folder(const Folder& folder, bool truncate) {
  return Surveyor{folder, truncate}.survey();
}

}  // namespace kv
