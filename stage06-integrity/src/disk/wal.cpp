#include "disk/wal.hpp"

#include <algorithm>
#include <utility>

#include "base/fatal_error.hpp"
#include "disk/data_files.hpp"

namespace kv {

Wal::Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
         std::function<void(const Error&)> on_failure, const Limits& limits, Repair repair)
    : folder_{folder},
      store_{store},
      sync_{sync},
      on_failure_{std::move(on_failure)},
      limits_{limits},
      repair_{std::move(repair)},
      chain_{end.chain},
      end_segment_{end.segment},
      written_lsn_{end.lsn},
      last_lsn_{end.lsn},
      safe_lsn_{end.lsn},
      durable_lsn_{end.lsn} {
  if (auto begun = begin_first_segment(); !begun) {
    if (!repair_ || !may_come_back(begun.error())) {
      throw FatalError{Exit::cannot_start,
                       "cannot begin a segment of the log: " + begun.error().message};
    }
    no_room_ = begun.error();
    next_try_ = Clock::now() + between_tries;
  }
  try {
    thread_ = std::jthread{[this] { run(); }};
    background_thread_ = std::jthread{[this] { run_background(); }};
  } catch (...) {
    stop();  // or the first one would never end
    throw;
  }
}

Position Wal::last() {
  const std::lock_guard lock{mutex_};
  return {last_lsn_, chain_, segment_ ? segment_->header().id : end_segment_};
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

void Wal::append(RecordType type, std::string_view payload) {
  const RecordHeader header{.lsn = last_lsn_, .durable_lsn = durable_lsn_, .type = type};
  const auto chain = segment_->append(pending_, header, payload, chain_);
  if (type == RecordType::changes) chain_ = chain;
}

// --- it is written, by the flusher or by who calls flush_now ---

void Wal::flush_soon() {
  const std::lock_guard lock{mutex_};
  ask_for_flush();
}

bool Wal::flush_now() noexcept {
  std::unique_lock lock{mutex_};
  if (writing_) ask_for_flush();  // who is at it goes on with that
  if (writing_ || failure_) return false;
  const bool nobody_waits = !is_anything_pending() || mark_waits_;
  if (is_anything_pending() && !flush(lock)) return false;
  if (nobody_waits) reserve_ahead(lock);
  if (flush_asked_) work_.notify_one();  // by somebody else meanwhile
  return mark_waits_ || !nobody_waits;
}

void Wal::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    work_.wait(lock, [this] {
      return stopping_ || failure_ || (flush_asked_ && is_anything_pending() && !writing_);
    });
    if (failure_ || !is_anything_pending()) return;  // nothing is to be written: it is the stop
    if (!flush(lock)) return;
    if (mark_waits_) flush_asked_ = true;
    reserve_ahead(lock);
  }
}

/// Writes what has gathered; where segments change, the end of the old one first (finish_closing).
/// The lock is given back while the disk is at it, so that more can gather.
bool Wal::flush(std::unique_lock<std::mutex>& lock) {
  const bool switches_segment = closing_.has_value();
  const std::string batch = std::exchange(pending_, {});
  const auto file = segment_->file();
  const auto offset = segment_->end_offset() - batch.size();
  const Lsn lsn = last_lsn_;
  flush_asked_ = mark_waits_ = false;
  writing_ = true;
  lock.unlock();
  Result<void> written;
  if (switches_segment) written = finish_closing();
  if (written && !batch.empty()) written = file->write_at(offset, batch);
  lock.lock();
  if (!written) fail(written.error());
  if (written && switches_segment) {
    durable_lsn_ = std::max<Lsn>(durable_lsn_, segment_->header().first_lsn - 1);
    closing_.reset();
    manifest_due_ = true;
    background_.notify_one();
  }
  wait_for_overdue_sync(lock);
  if (failure_) return false;

  const bool first_unsynced = written_lsn_ <= durable_lsn_;
  if (first_unsynced) unsynced_since_ = Clock::now();
  written_lsn_ = lsn;
  if (sync_ == Sync::always) {
    if (lsn > durable_lsn_) sync(lock);
    if (failure_) return false;  // of the other thread, too: nobody is told of anything after it
    safe_lsn_ = durable_lsn_.load();
  } else {
    safe_lsn_ = lsn;
    if (first_unsynced || durable_wanted_ > durable_lsn_) background_.notify_one();
  }
  writing_ = false;
  if (is_preparation_due()) background_.notify_one();
  progress_.notify_all();
  tell_listeners(lock);
  return !failure_;
}

// --- the end ---

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
  if (there && segment_) {
    const LogWriter& named = closing_ ? closing_->segment : *segment_;
    there = named.file()->check_name(segment_name(named.header().first_lsn));
  }
  if (!there) fail(there.error());
}

Result<void> Wal::close() {
  stop();
  thread_.join();
  background_thread_.join();
  if (failure_) return *failure_;
  next_.reset();             // its file goes
  if (!segment_) return {};  // the folder is as the start has found it
  File& file = *segment_->file();
  (void)file.truncate(segment_->end_offset());  // or some zeros take room
  if (auto synced = file.sync(); !synced) return synced;
  auto stopped = manifest();
  stopped.clean = 1;
  stopped.clean_lsn = last_lsn_;
  return write_manifest(folder_, stopped);
}

}  // namespace kv
