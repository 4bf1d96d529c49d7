#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "disk/folder.hpp"
#include "disk/listeners.hpp"
#include "disk/log_writer.hpp"
#include "table/change_observer.hpp"

namespace kv {

/// The write-ahead log. Changes come in under the locks of their keys, so the order of the log is
/// the order in which they happened, key by key. One thread, the flusher, writes what has gathered,
/// and syncs once for all of it (group commit): the slower the disk, the larger the group.
///
///   1. A group is written only after the one before is synced: what is torn was never answered.
///   2. An error is final: nothing is durable after it, ever. Nobody knows what the disk has then.
///   3. A log says that it goes on, on the disk, before a group goes into the next one.
class Wal : public ChangeObserver {
 public:
  static constexpr std::size_t group_bytes_max = 64 * 1024 * 1024;  ///< or one record: memory

  /// Goes on in `log`, where all up to `last_lsn` is durable. `on_failure` is called once, with the
  /// log's lock held, on the error that ends it. The folder must outlive the log.
  Wal(Folder& folder, LogWriter log, Lsn last_lsn, std::function<void(const Error&)> on_failure,
      std::size_t bytes_max = group_bytes_max);
  ~Wal() { stop(); }

  /// Takes the changes into the next group. Waits for the flusher where that is full.
  Result<void> on_change(std::string_view table, std::span<const Entry> changes) noexcept override;

  /// Has the flusher write the group.
  void flush_soon();

  Lsn last_lsn() const { return last_lsn_; }        ///< the last one given
  Lsn durable_lsn() const { return durable_lsn_; }  ///< up to here clients may hear of it
  bool failed() const { return failed_; }

  /// Waits until everything up to `lsn` is on the disk.
  Result<void> make_durable(Lsn lsn);

  /// Waits until the log that is written has changes in it, and is at least so long. False: it is
  /// asked to stop, or the log has failed.
  bool wait_for_bytes(std::uint64_t bytes, const std::stop_token& stop);

  /// Has the log go on in a new file. Gives the last LSN before that. Not where the log that is
  /// written has no changes in it yet.
  Result<Lsn> begin_next_log();

  /// They are told whenever durable_lsn or failed has changed.
  Listeners& listeners() { return listeners_; }

  /// Ends the log for good: what was to be written to the folder could not be.
  void fail(const Error& error);

  /// The orderly end: everything is synced, and the log says so. No change may come any more.
  Result<void> close();

 private:
  void run();
  void write_group(std::unique_lock<std::mutex>& lock);
  void switch_log(std::unique_lock<std::mutex>& lock);
  void tell_everybody() {
    progress_.notify_all();
    listeners_.tell();
  }
  void fail_locked(const Error& error);
  void stop();

  Folder& folder_;
  const std::function<void(const Error&)> on_failure_;
  const std::size_t bytes_max_;
  LogWriter log_;  // the flusher's own

  std::mutex mutex_;                      // guards what follows, and the writes to the atomics
  std::condition_variable work_;          // the flusher waits
  std::condition_variable_any progress_;  // everybody else does
  std::string group_ = empty_group();     // the next one
  bool flush_asked_ = false, next_log_asked_ = false, stopping_ = false;
  Lsn log_first_lsn_;  // of the log that is written, and its length: for who asks
  std::uint64_t log_bytes_;
  std::optional<Error> failure_;

  std::atomic<Lsn> last_lsn_, durable_lsn_;
  std::atomic<bool> failed_ = false;

  Listeners listeners_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace kv
