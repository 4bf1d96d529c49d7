#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "disk/folder.hpp"
#include "disk/recovery.hpp"
#include "disk/snapshotter.hpp"
#include "disk/wal.hpp"
#include "table/memtable.hpp"

namespace kv {

/// What a memtable needs to outlive its process: the data folder, the log, and the snapshots.
class Store {
 public:
  struct Settings {
    Sync sync = Sync::always;
    std::uint64_t snapshot_every = 0;  ///< bytes of log; 0: never
    bool truncate = false;             ///< at damage, start with what is before it
    bool must_exist = false;           ///< a folder without a store is none to begin one in
    Wal::Limits limits = {};
    std::function<void()> before_changes = [] {};  ///< all is read; now the folder is changed
  };

  /// Fills the memtable, which is empty, with what the folder holds; then wal() is to observe it.
  /// The memtable must outlive the store. `on_failure`: see Wal. Throws FatalError, and has left
  /// nothing behind then. Where there is no room to go on writing, it serves reads, and says so.
  Store(std::unique_ptr<Folder> folder, MemTable& memtable, const Settings& settings,
        std::function<void(const Error&)> on_failure);

  Wal& wal() { return *wal_; }
  const Wal& wal() const { return *wal_; }
  std::int64_t snapshot_created() const { return snapshotter_->newest_created(); }
  std::uint64_t snapshots_failed() const { return snapshotter_->failed(); }  ///< since the start

  /// What the log takes on the disk, with room reserved; nullopt when the folder cannot tell.
  std::optional<std::uint64_t> bytes_of_log() const;

  /// What INFO says of it.
  std::vector<Entry> info() const;

  /// The orderly end; nothing may change any more.
  Result<void> close();

 private:
  void begin_log(const Settings& settings, Recovered& found,
                 std::function<void(const Error&)> on_failure);
  void watch_folder(const std::stop_token& stop);

  std::unique_ptr<Folder> folder_;
  std::unique_ptr<Wal> wal_;
  std::unique_ptr<Snapshotter> snapshotter_;
  std::jthread folder_watcher_;  // last: it uses all of the above
};

}  // namespace kv
