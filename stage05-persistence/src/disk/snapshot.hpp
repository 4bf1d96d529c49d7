#pragma once

#include <cstdint>

#include "disk/folder.hpp"
#include "disk/log_reader.hpp"
#include "disk/wal.hpp"
#include "table/memtable.hpp"

// The snapshot: what all changes up to its base have come to, and of later ones, up to its last
// LSN, some. It is made of the pieces of log_format.hpp:
//
//   snapshot = file header, groups of records, one a row, and a group that holds a SnapshotEnd
//
// The header's first LSN is where the log goes on, base + 1; all groups have it for their own.
//
// Writers go on while it is written, shard after shard: a row may be newer than the base. To replay
// the log over it, from base + 1 to the last LSN at the least, makes all of them exact, since
// records hold results. So a snapshot is worth nothing without that part of the log.

namespace kv {

inline constexpr const char* snapshot_name = "snapshot";
inline constexpr Magic snapshot_magic = {'k', 'v', '5', 's', 'n', 'a', 'p', '1'};

struct SnapshotEnd {
  Lsn base = 0;              ///< the log goes on after it
  Lsn last_lsn = 0;          ///< the log must reach it
  std::int64_t created = 0;  ///< seconds since 1970
};

/// Writes a snapshot of a memtable whose log is `wal`, and removes the logs that nobody needs then.
/// Gives the time. An error is final, as those of the log are.
Result<SnapshotEnd> write_snapshot(Folder& folder, const MemTable& memtable, Wal& wal);

/// The one that every folder begins with: a folder without a snapshot has lost it.
Result<SnapshotEnd> write_empty_snapshot(Folder& folder);

/// Shows its rows, in any order. Error: it is not whole, and where.
Result<SnapshotEnd> read_snapshot(const LogContents& snapshot, const RecordHandler& row);

}  // namespace kv
