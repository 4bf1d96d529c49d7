#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "disk/folder.hpp"
#include "disk/listeners.hpp"
#include "disk/log_format.hpp"
#include "disk/log_writer.hpp"
#include "disk/manifest.hpp"
#include "table/change_observer.hpp"

namespace kv {

/// When a change counts as safe, so that the client may hear of it.
enum class Sync {
  always,    ///< it is on the disk
  everysec,  ///< the kernel has it; at most two seconds' worth of answers is not on the disk yet
  never,     ///< the kernel has it
};

/// The write-ahead log. Changes come in under the locks of their keys, so the order of the log is
/// the order in which they happened, key by key. One thread at a time, the flusher or a client's
/// (flush_now), writes what has gathered, and syncs once for all of it (group commit): the slower
/// the disk, the larger the group. What nobody waits for is done in the background, by another
/// thread: it has the next segment ready before it is needed, and makes the syncs of everysec and
/// never.
///
///   1. A record's place is reserved, in zeros that are written already, before anybody can see its
///      change: so a full disk is an answer (no_space), and the change is undone.
///   2. An error in writing reserved space, or of a sync, is final: nothing is safe after it, ever.
///   3. A segment is on the disk to its end before the next one has its name, and that name
///      before anybody hears of a change in it.
///   4. The manifest names a segment before there is another one.
class Wal : public ChangeObserver {
 public:
  using Limits = LogWriter::Limits;

  /// What has to be done to the folder before there is a new segment; called again when it failed.
  using Repair = std::function<Result<void>()>;

  /// Begins a new segment after `end`. Where there is no room for one, but data already (then there
  /// is a `repair`), every change is refused until there is room. `on_failure` is called once, with
  /// the log's lock held, on a final error. The folder must outlive the log.
  /// Throws FatalError(cannot_start).
  Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
      std::function<void(const Error&)> on_failure, const Limits& limits, Repair repair = {});
  Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
      std::function<void(const Error&)> on_failure)
      : Wal{folder, store, end, sync, std::move(on_failure), Limits{}} {}
  ~Wal() { stop(); }

  /// Takes the changes into the next group.
  Result<void> on_change(std::string_view table, std::span<const Entry> changes) noexcept override;

  /// Has the flusher write the group.
  void flush_soon();

  /// Writes the group in the thread that calls, which saves a client that is alone two switches of
  /// threads; where another thread is writing, it leaves the group to that one. True: call it again
  /// when there is time, for a mark or zeros that nobody waits for. Memory that runs out ends the
  /// process.
  bool flush_now() noexcept;

  Position last();  ///< the last change

  /// Why it has begun no segment yet; none: it has.
  std::optional<Error> lacks_room();

  Lsn last_lsn() const { return last_lsn_; }        ///< the last one given
  Lsn safe_lsn() const { return safe_lsn_; }        ///< up to here clients may hear of it
  Lsn durable_lsn() const { return durable_lsn_; }  ///< up to here it is on the disk
  bool failed() const { return failed_; }
  std::uint64_t appended_bytes() const { return appended_bytes_; }  ///< since the start

  /// Waits until everything up to `lsn` is on the disk, whatever the policy.
  Result<void> make_durable(Lsn lsn);

  /// Waits until the manifest names the newest segment, or has been tried and had no room.
  void wait_for_manifest();

  /// Ends in a final error when the folder, or the segment that is written, was taken away.
  void check_folder();

  /// They are told whenever safe_lsn, durable_lsn or failed has changed.
  Listeners& listeners() { return listeners_; }

  /// The orderly end: everything is synced, and the manifest says so. No change may come any more.
  Result<void> close();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds sync_every{1}, unsynced_max{2};  // of everysec
  static constexpr std::chrono::seconds between_tries{1};                // where there is no room

  void append(RecordType type, std::string_view payload);
  bool is_anything_pending() const { return !pending_.empty() || closing_; }
  void ask_for_flush() {
    flush_asked_ = is_anything_pending();
    work_.notify_one();
  }
  void run();
  bool flush(std::unique_lock<std::mutex>& lock);  // false: a final error
  void tell_listeners(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    listeners_.tell();
    lock.lock();
  }
  void fail(const Error& error);
  void stop() {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    wake_everybody();
  }
  void wake_everybody() {
    work_.notify_all();
    background_.notify_all();
    progress_.notify_all();
  }

  // wal_sync.cpp
  void run_background();
  Clock::time_point sync_due() const;
  void sync(std::unique_lock<std::mutex>& lock);
  void wait_for_overdue_sync(std::unique_lock<std::mutex>& lock);

  // wal_segments.cpp
  Result<void> make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);
  void reserve_ahead(std::unique_lock<std::mutex>& lock);
  void switch_segment();
  Result<void> finish_closing();
  bool is_preparation_due() const;
  void prepare(std::unique_lock<std::mutex>& lock);
  Result<void> make_next_segment(std::unique_lock<std::mutex>& lock);
  Result<void> name_segment(std::unique_lock<std::mutex>& lock);
  Result<void> begin_first_segment();
  Manifest manifest() const;  // that names the segment

  Folder& folder_;
  const StoreId store_;
  const Sync sync_;
  const std::function<void(const Error&)> on_failure_;
  const Limits limits_;

  std::mutex mutex_;  // guards what follows, and the writes to the atomics below
  std::condition_variable work_, background_;  // the flusher waits, and the other thread
  std::condition_variable progress_;           // everybody else does
  Repair repair_;                              // until it is done
  std::optional<LogWriter> segment_;           // none: there was no room for one since the start
  std::uint64_t chain_;                        // of the last change
  const std::uint64_t end_segment_;            // in which the log had ended

  struct Closing {
    LogWriter segment;
    std::string pending;
  };
  std::optional<Closing> closing_;     // the segment before, until that is on the disk to its end
  std::optional<TemporaryFile> next_;  // of the next segment; none: not ready yet
  bool preparation_asked_ = false;     // by a change that waits for it
  bool manifest_due_ = false;          // it does not name segment_ yet
  std::uint64_t preparations_ = 0;     // that have ended, well or not
  std::optional<Error> no_room_;       // of the last one
  Clock::time_point next_try_ = Clock::time_point::min();  // not before, unless it is asked for

  std::string pending_;       // records not yet written: the last ones before the segment's end
  bool flush_asked_ = false;  // for what is pending
  bool mark_waits_ = false;   // in what is pending; nobody waits for it
  bool writing_ = false;      // a thread is, and has given the lock back meanwhile
  Lsn written_lsn_;
  Lsn durable_wanted_ = 0;
  Clock::time_point unsynced_since_ = {};  // the oldest write that may not be on the disk
  std::optional<Error> failure_;
  bool stopping_ = false;

  std::atomic<Lsn> last_lsn_, safe_lsn_, durable_lsn_;
  std::atomic<bool> failed_ = false;
  std::atomic<std::uint64_t> appended_bytes_ = 0;

  Listeners listeners_;
  std::jthread thread_, background_thread_;  // last: they use all of the above
};

}  // namespace kv
