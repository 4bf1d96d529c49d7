// When the log is synced. Under `always` by the thread that has written; else by one of its own.

#include <algorithm>
#include <cassert>

#include "wal.hpp"

namespace kv {

void Wal::run_syncs() {
  std::unique_lock lock{mutex_};
  while (!stopping_ && !failure_) {
    if (Clock::now() < sync_due()) {
      syncs_.wait_until(lock, sync_due());
    } else {
      sync(lock);
      if (mark_waits_) ask_for_flush();
      tell_listeners(lock);
    }
  }
}

Wal::Clock::time_point Wal::sync_due() const {
  if (written_lsn_ <= durable_lsn_) return Clock::time_point::max();
  if (durable_wanted_ > durable_lsn_) return Clock::time_point::min();
  return sync_ == Sync::everysec ? unsynced_since_ + sync_every : Clock::time_point::max();
}

void Wal::sync(std::unique_lock<std::mutex>& lock) {
  const Lsn lsn = written_lsn_;
  const auto begin = Clock::now();
  syncing_ = true;
  lock.unlock();
  const auto synced = segment_->file().sync();
  lock.lock();
  syncing_ = false;
  if (failure_) return;  // of the other thread
  if (!synced) return fail(synced.error());
  durable_lsn_ = lsn;
  unsynced_since_ = begin;
  if (sync_ == Sync::always) safe_lsn_ = lsn;
  if (lsn == last_lsn_) {  // no record comes to name the durable LSN
    append(RecordType::mark, {});
    mark_waits_ = true;  // who has synced sees to it
  }
  progress_.notify_all();
}

/// When the disk takes too long, nobody hears of a change meanwhile.
void Wal::wait_for_overdue_sync(std::unique_lock<std::mutex>& lock) {
  if (sync_ != Sync::everysec) return;
  while (!failure_ && !stopping_ && written_lsn_ > durable_lsn_ &&
         Clock::now() > unsynced_since_ + unsynced_max) {
    progress_.wait(lock);
  }
}

Result<void> Wal::make_durable(Lsn lsn) {
  assert(lsn <= last_lsn_);
  std::unique_lock lock{mutex_};
  durable_wanted_ = std::max(durable_wanted_, lsn);
  ask_for_flush();
  syncs_.notify_one();
  progress_.wait(lock, [&] { return failure_ || stopping_ || durable_lsn_ >= lsn; });
  if (durable_lsn_ >= lsn) return {};
  return failure_.value_or(Error{Status::storage_failed, "the log is being closed"});
}

}  // namespace kv
