// A start reads the log, from the segment on that it needs.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "disk/folder_reader.hpp"

namespace kv {

/// From the segment on that holds what comes after the snapshot. Of those before it only the header
/// is read, to see that they belong here.
void FolderReader::read_log() {
  if (segments_.empty()) return;
  auto segment = segments_.upper_bound(snapshot_end() + 1);
  if (segment == segments_.begin()) {
    std::string reason =
        fmt::format("the log begins at LSN {}, and no whole snapshot reaches it", segment->first);
    if (found_.snapshot) {  // then that is what is whole
      refuse_unless_truncate(segment->second, 0, reason);
      for (const auto& [first_lsn, name] : segments_) found_.set_aside.push_back(name);
      return;
    }
    for (const auto& warning : found_.warnings) reason += "; " + warning;
    throw FatalError{Exit::damaged, fmt::format("{}: {}; {}", segment->second, reason, way_on)};
  }
  --segment;
  for (auto before = segments_.begin(); before != segment; ++before)
    check_covered(before->second, before->first);
  bool ended = false;
  for (; segment != segments_.end(); ++segment) {
    const auto& [first_lsn, name] = *segment;
    const auto next = std::next(segment);
    if (ended) {
      (void)header_of(name);  // it is set aside, unless a later version wrote it
      found_.set_aside.push_back(name);
    } else {
      ended = !read_one(name, first_lsn,
                        next == segments_.end() ? std::nullopt : std::optional{next->first});
    }
  }
}

std::unique_ptr<File> FolderReader::open(const std::string& segment) const {
  auto file = open_segment(folder_, segment);
  if (file) return std::move(*file);
  const bool is_damaged = file.error().status == Status::too_large;
  throw FatalError{is_damaged ? Exit::damaged : Exit::cannot_start, file.error().message};
}

Result<SegmentHeader> FolderReader::header_of(const std::string& segment) const {
  auto header = read_segment_header(must(open(segment)->read_at(0, sizeof(SegmentHeader))));
  if (!header) refuse_unknown_version(segment, header.error());
  return header;
}

void FolderReader::check_covered(const std::string& name, Lsn first_lsn) {
  const auto header = header_of(name);
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
  refuse_unless_truncate(
      name, 0, "it does not go on from the segment before it, which is of another timeline");
  for (auto& covered : std::exchange(found_.covered, {}))
    found_.set_aside.push_back(std::move(covered));
  covered_id_.reset();
}

/// Why the log cannot go on with a segment that has this header, and this name.
std::optional<std::string> FolderReader::misfit(const Result<SegmentHeader>& header,
                                                Lsn first_lsn) const {
  if (!header) return header.error().message;
  if (header->first_lsn != first_lsn) return "it begins at another LSN than its name says";
  if (header->store != found_.store) return "the segment of another store";
  const Position& at = found_.end;
  const bool follows = first_lsn == at.lsn + 1;
  if (follows && found_.snapshot && !log_has_begun_ && header->chain != at.chain)
    refuse_other_timeline(segment_name(first_lsn), at.lsn);
  const bool same_timeline = header->chain == at.chain &&
                             (!log_has_begun_ || at.segment == 0 || header->previous == at.segment);
  if (follows ? same_timeline : !log_has_begun_) return std::nullopt;
  return fmt::format("it does not go on from LSN {}, where the log before it ends", at.lsn);
}

/// One segment. False: what comes after it is of no use.
bool FolderReader::read_one(const std::string& name, Lsn first_lsn,
                            std::optional<Lsn> next_first_lsn) {
  const auto file = open(name);
  Pieces pieces{*file};
  auto header = header_of(name);
  const bool has_header = header.has_value();
  const auto reason = misfit(header, first_lsn);
  const auto give_up = [&] {
    refuse_unless_truncate(name, 0, *reason);
    found_.set_aside.push_back(name);
    return false;
  };
  const bool may_resume = !has_header && found_.snapshot && !log_has_begun_;
  if (reason && !may_resume) return give_up();
  if (has_header && !log_has_begun_) check_link(name, *header);
  if (!has_header) {
    const bool follows = first_lsn == found_.end.lsn + 1;
    header =
        make_segment_header(found_.store, follows ? found_.end : Position{.lsn = first_lsn - 1}, 0);
  }
  const auto segment = must(replay_records(name, pieces, *header));
  if (segment.other_timeline) refuse_other_timeline(name, snapshot_end());
  const bool has_records = segment.end_offset > sizeof(SegmentHeader);
  if (!has_header && !has_records) return give_up();  // nothing tells what it is
  if (!has_header)
    found_.warnings.push_back(name + ": " + *reason + "; the snapshot makes up for it");
  floor_ = std::max(floor_, segment.floor);
  found_.segments.push_back(segment);
  found_.end = segment.end;
  log_has_begun_ = true;
  if (segment.gap) {
    found_.warnings.push_back(
        fmt::format("{}: damaged at offset {}; the snapshot makes up for it", name, *segment.gap));
  }
  return check_tail(name, segment, next_first_lsn);
}

/// Gives the loader what the snapshot does not have.
Result<Segment> FolderReader::replay_records(const std::string& name, Pieces& pieces,
                                             const SegmentHeader& header) const {
  const auto take = [&](auto offset, const RecordHeader& record, std::string_view payload) {
    if (record.type != RecordType::changes || record.lsn <= snapshot_end()) return;
    if (read_changes(payload, loader_.change)) return;
    throw FatalError{Exit::damaged,
                     fmt::format("{} is damaged at offset {}: its checksums are right, and it "
                                 "makes no sense; {}",
                                 name, offset, way_on)};
  };
  return read_segment(pieces, header, take, covered());
}

/// What stands behind the last valid record of a segment: nothing, bytes that harm nothing, a torn
/// end, or damage. False: what comes after it is of no use.
bool FolderReader::check_tail(const std::string& name, const Segment& segment,
                              std::optional<Lsn> next_first_lsn) {
  const bool is_last = !next_first_lsn;
  const bool next_goes_on = next_first_lsn == segment.end.lsn + 1;
  if (segment.tail == Tail::clean) return true;
  if (next_goes_on) {
    found_.warnings.push_back(fmt::format(
        "{}: unexpected bytes at offset {}; nothing was written there, and nothing is missing",
        name, segment.end_offset));
    return true;
  }
  if (is_last && segment.tail == Tail::torn)
    return true;  // to be cut off, unless check_floor objects
  refuse_unless_truncate(name, segment.end_offset,
                         fmt::format("no valid record with LSN {}", segment.end.lsn + 1));
  return false;
}

/// Which of the two is wanted nobody here can know.
void FolderReader::refuse_other_timeline(const std::string& name, Lsn lsn) const {
  throw FatalError{
      Exit::damaged,
      fmt::format(
          "{} and {} are of two timelines of this store: they differ at LSN {}; move one of "
          "them away",
          name, snapshot_name(lsn), lsn)};
}

}  // namespace kv
