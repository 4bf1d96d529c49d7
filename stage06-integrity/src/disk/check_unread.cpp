#include <fmt/format.h>

#include <map>

#include "disk/recovery.hpp"

namespace kv {
namespace {

using Chains = std::map<Lsn, std::uint64_t>;  // at the LSNs of snapshots

/// The snapshots that are older than the one that a start takes, with the chains that they name.
Chains check_older_snapshots(const Folder& folder, const Recovered& found,
                             const std::stop_token& stop, Unread& unread) {
  Chains chains;
  for (const auto& [lsn, name] : found.files.snapshots) {
    if (!found.snapshot || lsn >= found.snapshot->lsn || stop.stop_requested()) break;
    const auto file = folder.open(name);
    if (!file) {
      unread.warnings.push_back(file.error().message);
      continue;
    }
    Pieces pieces{**file};
    const auto snapshot = read_snapshot(pieces, found.store, lsn, nullptr, stop);
    if (snapshot) {
      chains[lsn] = snapshot->chain;
    } else if (pieces.error()) {  // nobody knows what is in it
      unread.warnings.push_back(pieces.error()->message);
    } else if (!stop.stop_requested()) {
      unread.warnings.push_back(name + ": " + snapshot.error().message +
                                "; a newer snapshot makes it unneeded");
      unread.damaged_snapshots.push_back(name);
    }
  }
  return chains;
}

/// Reads one segment of the log before the snapshot, which should end where the next one begins.
void check_segment(const Folder& folder, const std::string& name, std::optional<Lsn> next_first_lsn,
                   Chains& chains, Unread& unread) {
  const auto file = folder.open(name);
  if (!file) return unread.warnings.push_back(file.error().message);
  Pieces pieces{**file};
  const auto header = read_segment_header(pieces.at(0, sizeof(SegmentHeader)));
  if (pieces.error()) return unread.warnings.push_back(pieces.error()->message);
  if (!header) return;  // read_folder has told
  const auto compare = [&](Lsn lsn, std::uint64_t chain) {
    const auto expected = chains.find(lsn);
    if (expected == chains.end() || expected->second == chain) return;
    unread.warnings.push_back(snapshot_name(lsn) + " and " + name +
                              " are of two timelines of this store");
    unread.damaged_snapshots.push_back(snapshot_name(lsn));
    chains.erase(expected);  // the end of one segment is told by the next one, too
  };
  compare(header->first_lsn - 1, header->chain);
  const auto segment = read_segment(pieces, *header, [&](auto, const RecordHeader& record, auto) {
    if (record.type == RecordType::changes) compare(record.lsn, record.chain);
  });
  if (!segment) return unread.warnings.push_back(segment.error().message);
  if (!next_first_lsn) return;  // the start has read it to its end
  if (segment->tail == Tail::clean && segment->end.lsn + 1 == *next_first_lsn) return;
  unread.warnings.push_back(fmt::format("{} is damaged at offset {}; a snapshot makes it unneeded",
                                        name, segment->end_offset));
}

}  // namespace

Unread check_unread(const Folder& folder, const Recovered& found, const std::stop_token& stop) {
  Unread unread;
  auto chains = check_older_snapshots(folder, found, stop, unread);
  for (const auto& name : found.covered) {
    if (stop.stop_requested()) return unread;
    const auto next = found.files.segments.upper_bound(*segment_first_lsn(name));
    check_segment(folder, name, next->first, chains, unread);
  }
  if (!found.segments.empty()) {  // the start has read it, but not for the older snapshots
    const Lsn first_lsn = found.segments.front().header.first_lsn;
    if (chains.lower_bound(first_lsn - 1) != chains.end())
      check_segment(folder, segment_name(first_lsn), std::nullopt, chains, unread);
  }
  return unread;
}

}  // namespace kv
