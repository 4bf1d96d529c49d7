// What nobody waits for: the syncs of everysec and never, the next segment, and the manifest.

#include <algorithm>
#include <cassert>
#include <random>
#include <utility>

#include "disk/segment_file.hpp"
#include "disk/wal.hpp"

namespace kv {

std::uint64_t Wal::random_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

void Wal::run_aside() {
  std::unique_lock lock{mutex_};
  while (!stopping_ && !failure_) {
    if (Clock::now() >= sync_due()) {
      sync(lock);
      if (mark_waits_) ask_for_flush();
      tell_listeners(lock);
    } else if (is_preparation_due()) {
      prepare(lock);
    } else {
      aside_.wait_until(lock, no_room_ ? std::min(sync_due(), next_try_) : sync_due());
    }
  }
}

// --- syncs ---

Wal::Clock::time_point Wal::sync_due() const {
  const bool nothing_to_sync = written_lsn_ <= durable_lsn_ || closing_;  // who closes it syncs it
  if (sync_ == Sync::always || nothing_to_sync) return Clock::time_point::max();
  if (durable_wanted_ > durable_lsn_) return Clock::time_point::min();
  return sync_ == Sync::everysec ? unsynced_since_ + sync_every : Clock::time_point::max();
}

void Wal::sync(std::unique_lock<std::mutex>& lock) {
  const Lsn lsn = written_lsn_;
  const auto begin = Clock::now();
  const auto file = segment_->file();
  lock.unlock();
  const auto synced = file->sync();
  lock.lock();
  if (failure_) return;  // of the other thread
  if (!synced) return fail(synced.error());
  durable_lsn_ = std::max<Lsn>(durable_lsn_, lsn);
  unsynced_since_ = begin;
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
  aside_.notify_one();
  progress_.wait(lock, [&] { return failure_ || stopping_ || durable_lsn_ >= lsn; });
  if (durable_lsn_ >= lsn) return {};
  return failure_.value_or(Error{Status::storage_failed, "the log is being closed"});
}

// --- the next segment ---

bool Wal::is_preparation_due() const {
  if (closing_) return false;  // the file of the next segment has not got its name yet
  if (preparation_asked_) return true;
  if (Clock::now() < next_try_) return false;
  return !segment_ || manifest_due_ || (!next_ && segment_->is_half_full());
}

/// Does what is to be done: the first segment where there is none yet; else the manifest, and then
/// the file of the next segment. Without room nothing has changed, and it is tried again.
void Wal::prepare(std::unique_lock<std::mutex>& lock) {
  const bool next_is_due = segment_ && !next_ && (preparation_asked_ || segment_->is_half_full());
  preparation_asked_ = false;
  auto done = segment_ ? name_segment(lock) : begin_first_segment();
  if (done && next_is_due) {
    lock.unlock();
    auto next = create_next_segment(folder_, limits_.reserve_bytes);
    lock.lock();
    if (next) {
      next_ = std::move(*next);
    } else {
      done = next.error();
    }
  }
  no_room_.reset();
  next_try_ = Clock::time_point::min();
  if (!done && may_come_back(done.error())) {
    no_room_ = done.error();
    next_try_ = Clock::now() + between_tries;
  } else if (!done) {
    fail(done.error());
  }
  ++preparations_;
  progress_.notify_all();
}

/// In the manifest.
Result<void> Wal::name_segment(std::unique_lock<std::mutex>& lock) {
  if (!manifest_due_) return {};
  const auto named = manifest();
  lock.unlock();
  auto done = write_manifest(folder_, named);
  lock.lock();
  if (done) manifest_due_ = false;  // nobody changes the segment before the next one is ready
  return done;
}

void Wal::wait_for_manifest() {
  std::unique_lock lock{mutex_};
  const auto tries = preparations_;
  aside_.notify_one();
  progress_.wait(lock,
                 [&] { return failure_ || stopping_ || !manifest_due_ || preparations_ != tries; });
}

/// Nobody can change anything before that, and the lock may be held.
Result<void> Wal::begin_first_segment() {
  if (repair_) {
    if (auto repaired = repair_(); !repaired) return repaired;
  }
  auto file = create_next_segment(folder_, limits_.reserve_bytes);
  if (!file) return file.error();
  const auto header =
      make_segment_header(store_, {last_lsn_, chain_, end_segment_}, random_number());
  const auto name = segment_name(header.first_lsn);
  (*file)->set_name(name);
  const bool replaces = folder_.open(name).has_value();  // one without records
  LogWriter segment{std::move(*file), header, limits_};
  auto done = begin_next_segment(folder_, *segment.file(), header);
  if (!done) {
    (void)folder_.remove(next_segment_name);
    return done;
  }
  done = write_manifest(folder_, Manifest{.store = store_, .newest_segment = header.first_lsn});
  if (!done && may_come_back(done.error()) && !replaces) {  // nothing is left behind
    auto undone = folder_.remove(name);
    if (undone) undone = folder_.sync();
    if (!undone) return Error{Status::storage_failed, undone.error().message};
  }
  if (done) segment_ = std::move(segment);
  if (done) repair_ = nullptr;
  return done;
}

Manifest Wal::manifest() const {
  return {.store = store_, .newest_segment = segment_->header().first_lsn};
}

}  // namespace kv
