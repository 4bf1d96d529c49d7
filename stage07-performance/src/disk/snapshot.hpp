#pragma once

#include <array>
#include <cstdint>
#include <stop_token>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"
#include "disk/pieces.hpp"
#include "disk/wal.hpp"
#include "table/memtable.hpp"

// A snapshot, snapshot-<LSN>.kv: what all changes up to that LSN have come to, exactly.
//
//   snapshot = header | chunk ... | footer
//   header   = magic "kvsn" | version u32 | store id | created | checksum
//   chunk    = checksum u64 | length u32 | type u32 = 1 | payload, as in a record (log_format.hpp)
//   footer   = checksum u64 | length u32 | type u32 = 2 | rows u64 | LSN u64 | log's chain there
//
// Writers go on while it is written. First come all rows, one shard at a time, each as it is at
// that moment. Then come, copied out of the log, the changes that were made meanwhile: replayed
// over the rows, in order, they make all of them exact, since records hold results.
//
// The checksum of a chunk is over length, type and payload, seeded with the checksum before: so the
// footer's is the digest of all. After the footer the file ends.

namespace kv {

struct SnapshotHeader {
  std::array<char, 4> magic = {'k', 'v', 's', 'n'};
  std::uint32_t version = format_version;
  StoreId store = {};
  std::int64_t created = 0;  // seconds since 1970
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SnapshotHeader) == 40);

/// A snapshot that is whole.
struct Snapshot {
  Lsn lsn = 0;
  std::uint64_t chain = 0;   ///< of the log, at that LSN
  std::int64_t created = 0;  ///< seconds since 1970
  std::uint64_t rows = 0;    ///< of shards and of the log: a key can have several
};

/// Writes a snapshot of a memtable whose log is `wal`, in `folder`. It has its name, and is on the
/// disk, when it is whole and the log is durable up to its LSN; or it is not there. Ends soon, with
/// an error, when a stop is requested.
Result<Snapshot> write_snapshot(Folder& folder, const StoreId& store, const MemTable& memtable,
                                Wal& wal, const std::stop_token& stop = {});

/// Error: no snapshot header, damaged, or of a version that is not known.
Result<SnapshotHeader> read_snapshot_header(const File& file);

/// Reads a snapshot to its end and checks all of it; gives its rows to `change`, in order; it may
/// be null. Error: what is wrong with it, and where; or it cannot be read, as `pieces` then say; or
/// a stop is requested.
Result<Snapshot> read_snapshot(Pieces& pieces, const StoreId& store, Lsn lsn,
                               const ChangeHandler& change, const std::stop_token& stop = {});

}  // namespace kv
