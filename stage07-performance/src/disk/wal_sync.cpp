// What is written is synced: under always by who has written it, else by the background thread.

#include <algorithm>
#include <cassert>

#include "disk/wal.hpp"

namespace kv {

void Wal::run_background() {
  std::unique_lock lock{mutex_};
  while (!stopping_ && !failure_) {
    if (Clock::now() >= sync_due()) {
      sync(lock);
      if (mark_waits_) ask_for_flush();
      tell_listeners(lock);
    } else if (is_preparation_due()) {
      prepare(lock);
    } else {
      background_.wait_until(lock, no_room_ ? std::min(sync_due(), next_try_) : sync_due());
    }
  }
}

Wal::Clock::time_point Wal::sync_due() const {
  const bool nothing_to_sync = written_lsn_ <= durable_lsn_;
  if (sync_ == Sync::always || nothing_to_sync) return Clock::time_point::max();
  if (durable_wanted_ > durable_lsn_) return Clock::time_point::min();
  return sync_ == Sync::everysec ? unsynced_since_ + sync_every : Clock::time_point::max();
}

/// What is written is in the segment before still, where the next one has begun meanwhile.
void Wal::sync(std::unique_lock<std::mutex>& lock) {
  const Lsn lsn = written_lsn_;
  const auto begin = Clock::now();
  const auto file = (closing_ ? closing_->segment : *segment_).file();
  lock.unlock();
  const auto synced = file->sync();
  lock.lock();
  if (failure_) return;  // of the other thread
  if (!synced) return fail(synced.error());
  durable_lsn_ = std::max<Lsn>(durable_lsn_, lsn);
  unsynced_since_ = begin;
  const bool is_named = segment_->header().first_lsn > lsn;  // by the header of the next segment
  if (lsn == last_lsn_ && !is_named) {  // no record comes to name the durable LSN
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
  background_.notify_one();
  progress_.wait(lock, [&] { return failure_ || stopping_ || durable_lsn_ >= lsn; });
  if (durable_lsn_ >= lsn) return {};
  return failure_.value_or(Error{Status::storage_failed, "the log is being closed"});
}

}  // namespace kv
