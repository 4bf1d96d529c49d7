// The log, from the segment on that a start needs.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/start_error.hpp"
#include "disk/folder_reader.hpp"
#include "disk/identity.hpp"
#include "disk/segment_file.hpp"

namespace kv {

/// From the segment on that holds what comes after the snapshot. Of those before it only the header
/// is read, to see that they belong here.
void FolderReader::read_log() {
  if (segments_.empty()) return;
  auto segment = segments_.upper_bound(snapshot_end() + 1);
  if (segment == segments_.begin()) {
    std::string reason =
        fmt::format("the log begins at LSN {}, and no whole snapshot reaches it", segment->first);
    for (const auto& warning : found_.warnings) reason += "; " + warning;
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
      found_.set_aside.push_back(name);
    } else {
      ended = !read_one(name, first_lsn,
                        next == segments_.end() ? std::nullopt : std::optional{next->first});
    }
  }
}

void FolderReader::check_covered(const std::string& name, Lsn first_lsn) {
  const auto header = read_header_of(folder_, name);
  if (!header) refuse_unknown_version(name, header.error());
  if (!header || header->store != found_.store || header->first_lsn != first_lsn) {
    covered_id_.reset();
    found_.warnings.push_back(
        fmt::format("{}: {}; the snapshot makes it unneeded", name,
                    header ? "of another store, or under another's name" : header.error().message));
    return;
  }
  check_link(name, *header);
  covered_id_ = header->id;
  found_.covered.push_back(name);
}

/// A segment that does not go on from the covered ones is the one that counts: the snapshot has
/// what they have.
void FolderReader::check_link(const std::string& name, const SegmentHeader& header) {
  if (!covered_id_ || header.previous == *covered_id_) return;
  damage(name, 0, "it does not go on from the segment before it, which is of another timeline");
  for (auto& covered : std::exchange(found_.covered, {}))
    found_.set_aside.push_back(std::move(covered));
  covered_id_.reset();
}

/// Why the log cannot go on with a segment that has this header.
std::optional<std::string> FolderReader::misfit(const SegmentHeader& header) const {
  const Position& at = found_.end;
  if (header.store != found_.store) return "the segment of another store";
  const bool follows = header.first_lsn == at.lsn + 1;
  if (follows && found_.snapshot && !log_has_begun_ && header.chain != at.chain)
    refuse_other_timeline(segment_name(header.first_lsn), at.lsn);
  const bool same_timeline = header.chain == at.chain &&
                             (!log_has_begun_ || at.segment == 0 || header.previous == at.segment);
  if (follows ? same_timeline : !log_has_begun_) return std::nullopt;
  return fmt::format("it does not go on from LSN {}, where the log before it ends", at.lsn);
}

/// False: the log ends here, before its end.
bool FolderReader::read_one(const std::string& name, Lsn first_lsn,
                            std::optional<Lsn> next_first_lsn) {
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
  const bool has_header = header.has_value();
  const bool may_resume = !has_header && found_.snapshot && !log_has_begun_;
  if (reason && !may_resume) {
    damage(name, 0, *reason);
    found_.set_aside.push_back(name);
    return false;
  }
  if (has_header) {
    if (!log_has_begun_) check_link(name, *header);
  } else {
    const bool follows = first_lsn == found_.end.lsn + 1;
    header =
        make_segment_header(found_.store, follows ? found_.end : Position{.lsn = first_lsn - 1}, 0);
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
  if (!has_header && read->end_offset == sizeof(SegmentHeader)) {  // no record tells what it is
    damage(name, 0, *reason);
    found_.set_aside.push_back(name);
    return false;
  }
  if (!has_header)
    found_.warnings.push_back(name + ": " + *reason + "; the snapshot makes up for it");
  floor_ = std::max(floor_, read->floor);
  found_.segments.push_back(*read);
  found_.end = read->end;
  log_has_begun_ = true;
  if (read->gap) {
    found_.warnings.push_back(
        fmt::format("{}: damaged at offset {}; the snapshot makes up for it", name, *read->gap));
  }
  return check_tail(name, *read, next_first_lsn);
}

/// False: the log ends here, before its end.
bool FolderReader::check_tail(const std::string& name, const Segment& segment,
                              std::optional<Lsn> next_first_lsn) {
  if (segment.tail == Tail::clean) return true;
  if (next_first_lsn && *next_first_lsn == segment.end.lsn + 1) {
    found_.warnings.push_back(fmt::format(
        "{}: unexpected bytes at offset {}; nothing was written there, and nothing is missing",
        name, segment.end_offset));
    return true;
  }
  if (!next_first_lsn && segment.tail == Tail::torn) return true;
  damage(name, segment.end_offset, fmt::format("no valid record with LSN {}", segment.end.lsn + 1));
  return false;
}

/// Which of the two is wanted nobody here can know.
void FolderReader::refuse_other_timeline(const std::string& name, Lsn lsn) const {
  throw StartError{
      Exit::damaged,
      fmt::format(
          "{} and {} are of two timelines of this store: they differ at LSN {}; move one of "
          "them away",
          name, snapshot_name(lsn), lsn)};
}

}  // namespace kv
