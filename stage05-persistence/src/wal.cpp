#include "wal.hpp"

#include <utility>

#include "manifest.hpp"
#include "segment_file.hpp"
#include "start_error.hpp"

namespace kv {

Wal::Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
         std::function<void(const Error&)> on_failure, const Limits& limits)
    : folder_{folder},
      store_{store},
      sync_{sync},
      on_failure_{std::move(on_failure)},
      limits_{limits},
      chain_{end.chain},
      written_lsn_{end.lsn},
      last_lsn_{end.lsn},
      safe_lsn_{end.lsn},
      durable_lsn_{end.lsn} {
  if (auto begun = begin_segment(); !begun) {
    throw StartError{Exit::cannot_start,
                     "cannot begin a segment of the log: " + begun.error().message};
  }
  try {
    thread_ = std::jthread{[this] { run(); }};
    if (sync_ != Sync::always) sync_thread_ = std::jthread{[this] { run_syncs(); }};
  } catch (...) {
    stop();  // or the first one would never end
    throw;
  }
}

// --- a change comes in ---

Result<void> Wal::on_change(std::string_view table, std::span<const Entry> changes) noexcept {
  std::string payload;
  append_table(payload, table);
  for (const auto& change : changes) append_change(payload, change);

  const auto record_bytes = sizeof(RecordHeader) + payload.size();
  constexpr auto mark_bytes = sizeof(RecordHeader);  // one may follow the record
  std::unique_lock lock{mutex_};
  if (auto room = make_room(lock, record_bytes + mark_bytes); !room) return room;
  ++last_lsn_;
  append(RecordType::changes, payload);
  appended_bytes_ += record_bytes;
  return {};
}

void Wal::flush_soon() {
  const std::lock_guard lock{mutex_};
  ask_for_flush();
}

bool Wal::flush_now() noexcept {
  std::unique_lock lock{mutex_};
  if (writing_) ask_for_flush();  // who is at it goes on with that
  if (writing_ || failure_) return false;
  const bool nobody_waits = pending_.empty() || mark_waits_;
  if (!pending_.empty() && !flush(lock)) return false;
  if (nobody_waits) reserve_ahead(lock);
  if (flush_asked_) work_.notify_one();  // by somebody else meanwhile
  return mark_waits_ || !nobody_waits;
}

void Wal::append(RecordType type, std::string_view payload) {
  const RecordHeader header{.lsn = last_lsn_, .durable_lsn = durable_lsn_, .type = type};
  chain_ = segment_->append(pending_, header, payload, chain_);
}

/// Sees to it that `bytes` more fit into the space that is reserved in the segment, or in a new
/// one.
Result<void> Wal::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  while (!failure_) {
    if (segment_->has_room(bytes)) return {};
    if (segment_->may_grow(bytes)) return segment_->reserve(bytes);
    if (pending_.empty() && !writing_ && !syncing_) {  // it is full, and written to its end
      if (auto begun = begin_segment(); !begun) return begun;
    } else {
      ask_for_flush();
      progress_.wait(lock);
    }
  }
  return *failure_;
}

/// The old segment is on the disk to its end before there is a new one. Without room for the new
/// one nothing has changed; any other error leaves unknown what the folder holds, and is final.
Result<void> Wal::begin_segment() {
  if (segment_) {
    if (auto synced = segment_->file().sync(); !synced) {
      fail(synced.error());
      return synced;
    }
    durable_lsn_ = last_lsn_.load();
    progress_.notify_all();
  }
  auto begun =
      OpenSegment::create(folder_, make_segment_header(store_, last_lsn_ + 1, chain_), limits_);
  if (!begun) {
    if (segment_ && begun.error().status != Status::no_space) fail(begun.error());
    return begun.error();
  }
  segment_ = std::move(*begun);
  return {};
}

// --- the thread that writes ---

void Wal::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    work_.wait(lock, [this] { return stopping_ || failure_ || (flush_asked_ && !writing_); });
    if (failure_ || pending_.empty() || !flush(lock)) return;
    if (mark_waits_) flush_asked_ = true;
    reserve_ahead(lock);
  }
}

/// Writes what has gathered, without the lock, so that more can gather.
bool Wal::flush(std::unique_lock<std::mutex>& lock) {
  const std::string batch = std::exchange(pending_, {});
  const auto offset = segment_->end_offset() - batch.size();
  const Lsn lsn = last_lsn_;
  flush_asked_ = mark_waits_ = false;
  writing_ = true;
  lock.unlock();
  const auto written = segment_->file().write_at(offset, batch);
  lock.lock();
  if (!written) fail(written.error());
  wait_for_overdue_sync(lock);
  if (failure_) return false;

  const bool first_unsynced = written_lsn_ <= durable_lsn_;
  if (first_unsynced) unsynced_since_ = Clock::now();
  written_lsn_ = lsn;
  if (sync_ == Sync::always) {
    if (lsn > durable_lsn_) sync(lock);
  } else {
    safe_lsn_ = lsn;
    if (first_unsynced || durable_wanted_ > durable_lsn_) syncs_.notify_one();
  }
  writing_ = false;
  progress_.notify_all();
  tell_listeners(lock);
  return !failure_;
}

/// Writes zeros before they are needed, so that no command waits for them. Errors are left to the
/// command that does need them.
void Wal::reserve_ahead(std::unique_lock<std::mutex>& lock) {
  const auto begin = segment_->reserved_offset(), end = segment_->next_reserved_offset();
  if (writing_ || begin == end) return;
  writing_ = true;
  lock.unlock();
  const auto written = write_zeros(segment_->file(), begin, end);
  lock.lock();
  writing_ = false;
  if (written) segment_->set_reserved(end);
  progress_.notify_all();
}

void Wal::tell_listeners(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  listeners_.tell();
  lock.lock();
}

void Wal::fail(const Error& error) {
  if (failure_) return;  // of the other thread
  failure_ = error;
  failed_ = true;
  wake_everybody();
  listeners_.tell();
  on_failure_(error);
}

/// Of older segments and snapshots nothing is said here: all data is in memory still, and the next
/// snapshot makes the folder whole again. An end would throw that away.
void Wal::check_folder() {
  auto there = folder_.check_path();
  const std::lock_guard lock{mutex_};
  if (there) there = segment_->file().check_name(segment_name(segment_->first_lsn()));
  if (!there) fail(there.error());
}

void Wal::stop() {
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  wake_everybody();
}

Result<void> Wal::close() {
  stop();
  thread_.join();
  if (sync_thread_.joinable()) sync_thread_.join();
  if (failure_) return *failure_;
  if (auto synced = segment_->file().sync(); !synced) return synced;
  return write_manifest(folder_, Manifest{.store = store_,
                                          .newest_segment = segment_->first_lsn(),
                                          .clean = 1,
                                          .clean_lsn = last_lsn_});
}

}  // namespace kv
