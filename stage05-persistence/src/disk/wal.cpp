#include "disk/wal.hpp"

#include <cassert>
#include <new>
#include <utility>

namespace kv {

Wal::Wal(Folder& folder, LogWriter log, Lsn last_lsn, std::function<void(const Error&)> on_failure,
         std::size_t bytes_max)
    : folder_{folder},
      on_failure_{std::move(on_failure)},
      bytes_max_{bytes_max},
      log_{std::move(log)},
      log_first_lsn_{log_.first_lsn()},
      log_bytes_{log_.bytes()},
      last_lsn_{last_lsn},
      durable_lsn_{last_lsn},
      thread_{[this] { run(); }} {}

// --- a change comes in ---

Result<void> Wal::on_change(std::string_view table, std::span<const Entry> changes) noexcept {
  std::string record;
  append_record(record, table, changes);
  std::unique_lock lock{mutex_};
  const auto has_room = [&] {
    return group_.size() == sizeof(GroupHeader) || group_.size() + record.size() <= bytes_max_;
  };
  while (!failure_ && !has_room()) {
    flush_asked_ = true;  // each time: the group that another one has filled is to be written, too
    work_.notify_one();
    progress_.wait(lock);
  }
  if (failure_) return *failure_;
  group_ += record;
  ++last_lsn_;
  return {};
}

// --- the flusher ---

void Wal::run() try {
  std::unique_lock lock{mutex_};
  const auto has_changes = [this] { return last_lsn_ > durable_lsn_; };  // none is in flight here
  while (!failure_) {
    work_.wait(lock, [&] {
      return failure_ || next_log_asked_ || stopping_ || (flush_asked_ && has_changes());
    });
    if (failure_) return;
    if (next_log_asked_) {
      switch_log(lock);
    } else if (has_changes()) {
      write_group(lock);
    } else {
      return;  // it is the stop
    }
  }
} catch (const std::bad_alloc&) {
  fail({Status::storage_failed, "out of memory"});  // so short that it needs none
}

/// Without the lock while the disk is at it, so that the next group can gather.
void Wal::write_group(std::unique_lock<std::mutex>& lock) {
  auto group = std::exchange(group_, empty_group());
  const Lsn last = last_lsn_;
  flush_asked_ = false;
  progress_.notify_all();  // who waits for room
  lock.unlock();
  auto done = log_.add(GroupType::changes, durable_lsn_ + 1, last + 1, std::move(group));
  if (done) done = log_.sync();
  lock.lock();
  if (!done) fail_locked(done.error());
  if (failure_) return;  // also that of a snapshot, meanwhile
  durable_lsn_ = last;
  log_bytes_ = log_.bytes();
  tell_everybody();
}

/// All that is written is synced here, so the next log begins after durable_lsn_. It is there, with
/// its name, before the one before says that it goes on; and that is on the disk before the first
/// group goes into the next: a log that says so and has no next one has lost it.
void Wal::switch_log(std::unique_lock<std::mutex>& lock) {
  const Lsn next_lsn = durable_lsn_ + 1;
  lock.unlock();
  auto next = LogWriter::create(folder_, log_name(next_lsn), log_magic, next_lsn);
  Result<void> done = next ? next->publish() : next.error();
  if (done) done = log_.add(GroupType::goes_on, next_lsn, next_lsn);
  if (done) done = log_.sync();
  lock.lock();
  if (!done) return fail_locked(done.error());
  log_ = std::move(*next);
  log_first_lsn_ = next_lsn;
  log_bytes_ = log_.bytes();
  next_log_asked_ = false;
  tell_everybody();
}

// --- who waits for it ---

void Wal::flush_soon() {
  const std::lock_guard lock{mutex_};
  flush_asked_ = true;
  work_.notify_one();
}

Result<void> Wal::make_durable(Lsn lsn) {
  flush_soon();
  std::unique_lock lock{mutex_};
  progress_.wait(lock, [&] { return failure_ || durable_lsn_ >= lsn; });
  return durable_lsn_ >= lsn ? Result<void>{} : *failure_;
}

bool Wal::wait_for_bytes(std::uint64_t bytes, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  progress_.wait(lock, stop, [&] {
    return failure_ || (durable_lsn_ >= log_first_lsn_ && log_bytes_ >= bytes);
  });
  return !failure_ && !stop.stop_requested();
}

Result<Lsn> Wal::begin_next_log() {
  std::unique_lock lock{mutex_};
  assert(durable_lsn_ >= log_first_lsn_);  // or the next one would have the same name
  next_log_asked_ = true;
  work_.notify_one();
  progress_.wait(lock, [&] { return failure_ || !next_log_asked_; });
  if (failure_) return *failure_;
  return log_first_lsn_ - 1;
}

// --- the end ---

void Wal::fail(const Error& error) {
  const std::lock_guard lock{mutex_};
  fail_locked(error);
}

void Wal::fail_locked(const Error& error) {
  if (failure_) return;
  failure_ = error;
  failed_ = true;
  work_.notify_one();
  on_failure_(error);  // before others are told, which takes memory
  tell_everybody();
}

void Wal::stop() {
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  work_.notify_one();
}

Result<void> Wal::close() {
  stop();
  thread_.join();
  if (failure_) return *failure_;
  auto done = log_.add(GroupType::changes, durable_lsn_ + 1, durable_lsn_ + 1);
  if (done) done = log_.sync();
  return done;
}

}  // namespace kv
