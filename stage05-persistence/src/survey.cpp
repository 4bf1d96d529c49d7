#include "survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "identity.hpp"
#include "segment_file.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

class Surveyor {
 public:
  Surveyor(const Folder& folder, bool truncate, const Loader& loader)
      : folder_{folder}, truncate_{truncate}, loader_{loader} {
    survey_.files = list_data_files(folder);
  }

  Survey survey() {
    survey_.is_new = !survey_.files.has_data();
    if (survey_.is_new) return std::move(survey_);
    read_identity();
    choose_snapshot();
    read_log();
    check_floor();
    survey_.end.segment = last_segment();
    return std::move(survey_);
  }

 private:
  void read_identity();
  void check_newest_segment();
  void choose_snapshot();
  void read_log();
  void check_covered(const std::string& name, Lsn first_lsn);
  void check_link(const std::string& name, const SegmentHeader& header);
  bool read_one(const std::string& name, Lsn first_lsn, std::optional<Lsn> next_first_lsn);
  std::optional<std::string> misfit(const SegmentHeader& header) const;
  bool check_tail(const std::string& name, const Segment& segment,
                  std::optional<Lsn> next_first_lsn);
  void check_floor();
  void use_the_snapshot_alone();
  std::uint64_t last_segment() const;
  [[noreturn]] void refuse_other_timeline(const std::string& name, Lsn lsn) const;

  Lsn snapshot_end() const { return survey_.snapshot ? survey_.snapshot->lsn : 0; }
  std::optional<Position> covered() const {
    if (!survey_.snapshot) return std::nullopt;
    return Position{survey_.snapshot->lsn, survey_.snapshot->chain, 0};
  }

  /// Damage that the log cannot be read past. Returns when less is enough.
  void damage(const std::string& file, std::uint64_t offset, const std::string& reason) {
    const auto text = fmt::format("{} is damaged at offset {}: {}", file, offset, reason);
    if (!truncate_) {
      throw StartError{Exit::damaged, text + "; --recover=truncate starts with what is whole"};
    }
    survey_.warnings.push_back(text);
  }

  const Folder& folder_;
  const bool truncate_;
  const Loader& loader_;
  Survey survey_;
  Manifest manifest_;
  const std::map<Lsn, std::string>& segments_ = survey_.files.segments;
  const std::map<Lsn, std::string>& snapshots_ = survey_.files.snapshots;
  Lsn floor_ = 0;                            // the largest LSN that is known to have been durable
  std::optional<std::uint64_t> covered_id_;  // of the last covered segment, when that is known
  bool log_has_begun_ = false;               // survey_.end is where a segment has ended
};

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
    Pieces pieces{*file};
    const auto snapshot = read_snapshot(pieces, survey_.store, lsn, loader_.change);
    if (pieces.error()) throw StartError{Exit::cannot_start, pieces.error()->message};
    if (snapshot) {
      survey_.snapshot = *snapshot;
      survey_.end = *covered();
      floor_ = std::max(floor_, lsn);
      return;
    }
    refuse_unknown_version(name, snapshot.error());
    loader_.clear();
    survey_.set_aside.push_back(name);
    survey_.warnings.push_back(name + ": " + snapshot.error().message + "; it is not used");
  }
}

/// From the segment on that holds what comes after the snapshot. Of those before it only the header
/// is read, to see that they belong here.
void Surveyor::read_log() {
  if (segments_.empty()) return;
  auto segment = segments_.upper_bound(snapshot_end() + 1);
  if (segment == segments_.begin()) {
    std::string reason =
        fmt::format("the log begins at LSN {}, and no whole snapshot reaches it", segment->first);
    for (const auto& warning : survey_.warnings) reason += "; " + warning;
    throw StartError{Exit::damaged, fmt::format("{}: {}; {}", segment->second, reason, way_on)};
  }
  --segment;
  for (auto before = segments_.begin(); before != segment; ++before)
    check_covered(before->second, before->first);
  bool ended = false;
  for (; segment != segments_.end(); ++segment) {
    const auto& [first_lsn, name] = *segment;
    const auto next = std::next(segment);
    if (ended) {
      const auto header = read_header_of(folder_, name);
      if (!header) refuse_unknown_version(name, header.error());
      survey_.set_aside.push_back(name);
    } else {
      ended = !read_one(name, first_lsn,
                        next == segments_.end() ? std::nullopt : std::optional{next->first});
    }
  }
}

void Surveyor::check_covered(const std::string& name, Lsn first_lsn) {
  const auto header = read_header_of(folder_, name);
  if (!header) refuse_unknown_version(name, header.error());
  if (!header || header->store != survey_.store || header->first_lsn != first_lsn) {
    covered_id_.reset();
    survey_.warnings.push_back(
        fmt::format("{}: {}; the snapshot makes it unneeded", name,
                    header ? "of another store, or under another's name" : header.error().message));
    return;
  }
  check_link(name, *header);
  covered_id_ = header->id;
  survey_.covered.push_back(name);
}

/// A segment that does not go on from the covered ones is the one that counts: the snapshot has
/// what they have.
void Surveyor::check_link(const std::string& name, const SegmentHeader& header) {
  if (!covered_id_ || header.previous == *covered_id_) return;
  damage(name, 0, "it does not go on from the segment before it, which is of another timeline");
  for (auto& covered : std::exchange(survey_.covered, {}))
    survey_.set_aside.push_back(std::move(covered));
  covered_id_.reset();
}

/// Why the log cannot go on with a segment that has this header.
std::optional<std::string> Surveyor::misfit(const SegmentHeader& header) const {
  const Position& at = survey_.end;
  if (header.store != survey_.store) return "the segment of another store";
  const bool follows = header.first_lsn == at.lsn + 1;
  const bool same_timeline = header.chain == at.chain &&
                             (!log_has_begun_ || at.segment == 0 || header.previous == at.segment);
  if (follows ? same_timeline : !log_has_begun_) return std::nullopt;
  return fmt::format("it does not go on from LSN {}, where the log before it ends", at.lsn);
}

/// False: the log ends here, before its end.
bool Surveyor::read_one(const std::string& name, Lsn first_lsn, std::optional<Lsn> next_first_lsn) {
  const auto file = open_segment_file(folder_, name);
  Pieces pieces{*file};
  auto header = read_segment_header(pieces.at(0, sizeof(SegmentHeader)));
  if (pieces.error()) throw StartError{Exit::cannot_start, pieces.error()->message};
  if (!header) refuse_unknown_version(name, header.error());
  std::optional<std::string> reason;
  if (!header) {
    reason = header.error().message;
  } else if (header->first_lsn != first_lsn) {
    reason = "it begins at another LSN than its name says";
  } else {
    reason = misfit(*header);
  }
  const bool may_resume = !header && !log_has_begun_ && first_lsn <= snapshot_end();
  if (reason && !may_resume) {
    damage(name, 0, *reason);
    survey_.set_aside.push_back(name);
    return false;
  }
  if (header) {
    if (!log_has_begun_) check_link(name, *header);
  } else {
    survey_.warnings.push_back(name + ": " + *reason + "; the snapshot makes up for it");
    header = make_segment_header(survey_.store, {.lsn = first_lsn - 1}, 0);
  }
  const auto take = [&](auto offset, const RecordHeader& record, std::string_view payload) {
    if (record.type != RecordType::changes || record.lsn <= snapshot_end()) return;
    if (read_changes(payload, loader_.change)) return;
    throw StartError{Exit::damaged,
                     fmt::format("{} is damaged at offset {}: its checksums are right, and it "
                                 "makes no sense; {}",
                                 name, offset, way_on)};
  };
  const auto read = read_segment(pieces, *header, take, covered());
  if (!read) throw StartError{Exit::cannot_start, read.error().message};
  if (read->other_timeline) refuse_other_timeline(name, snapshot_end());
  floor_ = std::max(floor_, read->floor);
  survey_.segments.push_back(*read);
  survey_.end = read->end;
  log_has_begun_ = true;
  if (read->gap) {
    survey_.warnings.push_back(
        fmt::format("{}: damaged at offset {}; the snapshot makes up for it", name, *read->gap));
  }
  return check_tail(name, *read, next_first_lsn);
}

/// False: the log ends here, before its end.
bool Surveyor::check_tail(const std::string& name, const Segment& segment,
                          std::optional<Lsn> next_first_lsn) {
  if (segment.tail == Tail::clean) return true;
  if (next_first_lsn && *next_first_lsn == segment.end.lsn + 1) {
    survey_.warnings.push_back(fmt::format(
        "{}: unexpected bytes at offset {}; nothing was written there, and nothing is missing",
        name, segment.end_offset));
    return true;
  }
  if (!next_first_lsn && segment.tail == Tail::torn) return true;
  damage(name, segment.end_offset, fmt::format("no valid record with LSN {}", segment.end.lsn + 1));
  return false;
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

/// Which of the two is wanted nobody here can know.
void Surveyor::refuse_other_timeline(const std::string& name, Lsn lsn) const {
  throw StartError{
      Exit::damaged,
      fmt::format(
          "{} and {} are of two timelines of this store: they differ at LSN {}; move one of "
          "them away",
          name, snapshot_name(lsn), lsn)};
}

}  // namespace

Survey survey_folder(const Folder& folder, bool truncate, const Loader& loader) {
  return Surveyor{folder, truncate, loader}.survey();
}

}  // namespace kv
