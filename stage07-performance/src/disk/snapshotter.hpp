#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "disk/folder.hpp"
#include "disk/snapshot.hpp"
#include "disk/wal.hpp"
#include "table/memtable.hpp"

namespace kv {

/// Writes a snapshot whenever the log has grown by `every` bytes, on a thread of its own, and then
/// removes what only older ones would need: two snapshots are kept, and the log from the older one
/// on. What it works with must outlive it. `every` 0: none are written. The end of one that is
/// being written is not waited for.
class Snapshotter {
 public:
  using Job = std::function<void(const std::stop_token&)>;

  /// `first` is done first on that thread: with what the start has left to do.
  Snapshotter(
      Folder& folder, const StoreId& store, const MemTable& memtable, Wal& wal, std::uint64_t every,
      std::int64_t newest_created, std::uint64_t log_bytes, Job first = [](auto&) {});
  ~Snapshotter() { wal_.listeners().remove(listener_); }

  std::uint64_t failed() const { return failed_; }  ///< snapshots not written, since the start

  void stop() { thread_.request_stop(); }  ///< as the destructor does, which then waits for it

  /// In seconds since 1970; 0: there is none.
  std::int64_t newest_created() const { return newest_created_; }

 private:
  void run(const std::stop_token& stop);
  Result<void> write(const std::stop_token& stop);
  Result<void> remove_old();

  Folder& folder_;
  const StoreId store_;
  const MemTable& memtable_;
  Wal& wal_;
  const std::uint64_t every_;
  const Job first_;
  std::atomic<std::int64_t> newest_created_;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> next_at_;  // of appended_bytes
  std::mutex mutex_;                    // of wake_
  std::condition_variable_any wake_;
  Listeners::Place listener_;
  std::jthread thread_;
};

}  // namespace kv
