#include "disk/snapshot.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "disk/bytes.hpp"

namespace kv {
namespace {

constexpr std::size_t group_bytes = 1024 * 1024;  // a group of rows is ended when it is this large

std::vector<std::string> groups_of(const Tables& tables) {
  std::vector<std::string> groups;
  for (const auto& [table, rows] : tables.by_name) {
    for (const auto& [key, value] : rows) {
      if (groups.empty() || groups.back().size() >= group_bytes) groups.push_back(empty_group());
      const Entry entry{key, value};
      append_record(groups.back(), table, {&entry, 1});
    }
  }
  return groups;
}

/// What one shard holds is copied under its lock, and written when the lock is given back.
Result<void> write_rows(LogWriter& writer, const MemTable& memtable) {
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    std::vector<std::string> groups;
    memtable.visit_shard(index, [&](const Tables& tables) { groups = groups_of(tables); });
    for (auto& group : groups) {
      const Lsn lsn = writer.first_lsn();
      if (auto added = writer.add(GroupType::changes, lsn, lsn, std::move(group)); !added)
        return added;
    }
  }
  return {};
}

Result<SnapshotEnd> write_end(LogWriter& writer, Lsn last_lsn) {
  const Lsn lsn = writer.first_lsn();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const SnapshotEnd end{lsn - 1, last_lsn,
                        std::chrono::duration_cast<std::chrono::seconds>(now).count()};
  auto group = empty_group();
  group += bytes_of(end);
  if (auto added = writer.add(GroupType::snapshot_end, lsn, lsn, std::move(group)); !added)
    return added.error();
  return end;
}

/// Those that begin at the base or before it. If they stay, the next start removes them.
Result<void> remove_logs(Folder& folder, Lsn base) {
  const auto names = folder.list();
  if (!names) return names.error();
  for (const auto& name : *names) {
    const auto first_lsn = first_lsn_of(name);
    if (!first_lsn || *first_lsn > base) continue;
    if (auto removed = folder.remove(name); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<SnapshotEnd> write_snapshot(Folder& folder, const MemTable& memtable, Wal& wal) {
  const auto base = wal.begin_next_log();
  if (!base) return base.error();
  auto writer = LogWriter::create(folder, snapshot_name, snapshot_magic, *base + 1);
  if (!writer) return writer.error();
  auto done = write_rows(*writer, memtable);
  if (!done) return done.error();
  const Lsn last_lsn = wal.last_lsn();  // after the last lock: no row is newer
  const auto end = write_end(*writer, last_lsn);
  if (!end) return end;
  done = wal.make_durable(last_lsn);  // or there would be rows of which the log knows nothing
  if (done) done = writer->publish();
  if (done) done = remove_logs(folder, *base);
  return done ? end : Result<SnapshotEnd>{done.error()};
}

Result<SnapshotEnd> write_empty_snapshot(Folder& folder) {
  auto writer = LogWriter::create(folder, snapshot_name, snapshot_magic, 1);
  if (!writer) return writer.error();
  const auto end = write_end(*writer, 0);
  if (!end) return end;
  if (auto published = writer->publish(); !published) return published.error();
  return end;
}

Result<SnapshotEnd> read_snapshot(const LogContents& snapshot, const RecordHandler& row) {
  const auto damaged = [](std::uint64_t offset) {
    return Error{Status::storage_failed, "damaged at offset " + std::to_string(offset)};
  };
  if (!snapshot.is_valid_to_the_end() || !snapshot.ends_with(GroupType::snapshot_end))
    return damaged(snapshot.end_offset);
  for (const auto& group : snapshot.groups) {
    const auto records = snapshot.records(group);
    if (group.header.type == GroupType::snapshot_end) return load<SnapshotEnd>(records);
    if (!read_records(records, group.header.first_lsn, row)) return damaged(group.offset);
  }
  return damaged(snapshot.end_offset);
}

}  // namespace kv
