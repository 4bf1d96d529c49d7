#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "disk/folder.hpp"
#include "disk/wal.hpp"
#include "table/memtable.hpp"

namespace kv {

/// What a memtable needs to outlive its process: the data folder, the log, and the snapshot, which
/// a thread of its own writes whenever the log has become long.
class Store {
 public:
  /// Fills the memtable, which is empty, with what the folder holds; then wal() is to observe it.
  /// The memtable must outlive the store. A snapshot is due when the log has `snapshot_every`
  /// bytes; 0: never. `on_failure`: see Wal. Throws FatalError.
  Store(std::unique_ptr<Folder> folder, MemTable& memtable, std::uint64_t snapshot_every,
        std::function<void(const Error&)> on_failure);

  Wal& wal() { return *wal_; }

  /// What INFO says of it.
  std::vector<Entry> info() const;

  /// The orderly end; nothing may change any more. A snapshot that is being written is waited for.
  Result<void> close();

 private:
  void write_snapshots(const std::stop_token& stop);

  const std::unique_ptr<Folder> folder_;
  const MemTable& memtable_;
  const std::uint64_t snapshot_every_;
  std::atomic<std::int64_t> snapshot_created_ = 0;  // seconds since 1970
  std::optional<Wal> wal_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace kv
