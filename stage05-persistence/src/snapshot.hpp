#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "folder.hpp"
#include "memtable.hpp"
#include "record.hpp"

// A snapshot, snapshot-<start LSN>.kv: all rows, read one shard at a time while writers go on. It
// holds every change up to its start LSN and some up to its end LSN; replaying the log from the
// start on makes it exact, since records hold results.
//
//   snapshot = header | chunk ... | footer
//   header   = magic "kvsn" | version u32 | store id | start LSN | created | checksum
//   chunk    = checksum u64 | length u32 | type u32 = 1 | payload, as in a record (record.hpp)
//   footer   = checksum u64 | length u32 | type u32 = 2 | rows u64 | end LSN u64
//
// The checksum of a chunk is over length, type and payload, seeded with the checksum before: so the
// footer's is the digest of all. After the footer the file ends.

namespace kv {

struct SnapshotHeader {
  std::array<char, 4> magic = {'k', 'v', 's', 'n'};
  std::uint32_t version = format_version;
  StoreId store = {};
  Lsn start_lsn = 0;
  std::int64_t created = 0;  // seconds since 1970
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SnapshotHeader) == 48);

/// A snapshot that is whole.
struct Snapshot {
  Lsn start_lsn = 0, end_lsn = 0;
  std::int64_t created = 0;  ///< seconds since 1970
  std::uint64_t rows = 0;
};

std::string snapshot_name(Lsn start_lsn);
inline constexpr const char* snapshot_temporary_name = "snapshot.tmp";
std::optional<Lsn> snapshot_start_lsn(
    const std::string& name);  // nullopt: not the name of a snapshot

/// Writes the rows of a memtable to snapshot_temporary_name, and syncs them. `last_lsn` tells the
/// last LSN that was given; it is asked before the first row and after the last one. It is a
/// snapshot when it is renamed to snapshot_name(start_lsn): once its end LSN is durable, or it
/// would be ahead of the log.
Result<Snapshot> write_snapshot(Folder& folder, const StoreId& store, const MemTable& memtable,
                                const std::function<Lsn()>& last_lsn);

/// Reads a snapshot to its end and checks all of it; gives its rows to `change`, which may be null.
/// Error: what is wrong with it, and where.
Result<Snapshot> read_snapshot(const File& file, const StoreId& store, Lsn start_lsn,
                               const ChangeReader& change);

}  // namespace kv
