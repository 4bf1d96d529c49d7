#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "change_observer.hpp"
#include "folder.hpp"
#include "record.hpp"
#include "segment.hpp"

namespace kv {

/// When a change counts as safe, so that the client may hear of it.
enum class Sync {
  always,    ///< it is on the disk
  everysec,  ///< the kernel has it; a sync starts each second
  never,     ///< the kernel has it
};

/// The write-ahead log. Changes come in under the locks of their keys, so the order of the log is
/// the order in which they happened, key by key. One thread writes what has gathered, and syncs
/// once for all of it (group commit): the slower the disk, the larger the group.
///
///   1. A record's place is reserved, in zeros that are written already, before its change is
///      made: so a full disk is an answer (no_space), and not a change that cannot be written.
///   2. An error in writing reserved space, or of a sync, is final: nothing is safe after it, ever.
class Wal : public ChangeObserver {
 public:
  struct Limits {
    std::uint64_t segment_bytes = 64 * 1024 * 1024;      ///< then a new segment is begun
    std::uint64_t reserve_bytes_min = 1024 * 1024;       ///< zeros are written ahead in steps
    std::uint64_t reserve_bytes_max = 16 * 1024 * 1024;  ///< that double, from min to max
  };

  /// Begins a new segment after `end`. `on_failure` is called once, with the log's lock held, on a
  /// final error. The folder must outlive the log. Throws StartError(cannot_start).
  Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
      std::function<void(const Error&)> on_failure, const Limits& limits);
  Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
      std::function<void(const Error&)> on_failure)
      : Wal{folder, store, end, sync, std::move(on_failure), Limits{}} {}
  ~Wal();

  Result<void> on_change(std::string_view table, std::span<const Entry> changes) override;

  Lsn last_lsn() const { return last_lsn_; }        ///< the last one given
  Lsn safe_lsn() const { return safe_lsn_; }        ///< up to here clients may hear of it
  Lsn durable_lsn() const { return durable_lsn_; }  ///< up to here it is on the disk
  bool failed() const { return failed_; }
  std::uint64_t appended_bytes() const { return appended_bytes_; }  ///< since the start

  /// Waits until everything up to `lsn` is on the disk, whatever the policy.
  Result<void> make_durable(Lsn lsn);

  /// `listener` is called whenever safe_lsn or failed has changed, until it is removed.
  using Listener = std::function<void()>;
  std::list<Listener>::iterator add_listener(Listener listener);
  void remove_listener(std::list<Listener>::iterator listener);

  /// The orderly end: everything is synced, and the manifest says so. No change may come any more.
  Result<void> close();

 private:
  Result<void> make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);
  Result<void> reserve(std::uint64_t end);
  void reserve_ahead(std::unique_lock<std::mutex>& lock);
  Result<void> begin_segment();
  void append(RecordType type, std::string_view payload);
  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);  // false: the end
  bool flush(std::unique_lock<std::mutex>& lock);          // false: a final error
  void fail(const Error& error);
  void tell_listeners();
  void stop();

  Folder& folder_;
  const StoreId store_;
  const Sync sync_;
  const std::function<void(const Error&)> on_failure_;
  const Limits limits_;

  std::mutex mutex_;                   // guards what follows, and the writes to the atomics below
  std::condition_variable work_;       // the log's thread waits on it
  std::condition_variable progress_;   // everybody else does
  std::unique_ptr<File> file_;         // of the newest segment
  Lsn first_lsn_ = 0;                  // of it
  std::uint64_t seed_ = 0;             // of its records
  std::uint64_t end_offset_ = 0;       // where the next record goes
  std::uint64_t reserved_offset_ = 0;  // up to here there are zeros, or records
  std::uint64_t reserve_bytes_;        // the next step
  std::uint64_t chain_;                // of the last record
  std::string pending_;                // records not yet written: the last ones before end_offset_
  bool writing_ = false;               // the log's thread writes, without the lock
  Lsn written_lsn_;
  Lsn durable_wanted_ = 0;
  std::chrono::steady_clock::time_point next_sync_ = {};  // of everysec
  std::optional<Error> failure_;
  bool stopping_ = false;

  std::atomic<Lsn> last_lsn_, safe_lsn_, durable_lsn_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> appended_bytes_ = 0;

  std::mutex listeners_mutex_;
  std::list<Listener> listeners_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace kv
