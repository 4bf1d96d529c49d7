#include "wal.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "manifest.hpp"
#include "segment_file.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Wal::Wal(Folder& folder, const StoreId& store, const Position& end, Sync sync,
         std::function<void(const Error&)> on_failure, const Limits& limits)
    : folder_{folder},
      store_{store},
      sync_{sync},
      on_failure_{std::move(on_failure)},
      limits_{limits},
      reserve_bytes_{limits.reserve_bytes_min},
      chain_{end.chain},
      written_lsn_{end.lsn},
      last_lsn_{end.lsn},
      safe_lsn_{end.lsn},
      durable_lsn_{end.lsn} {
  if (auto begun = begin_segment(); !begun) {
    throw StartError{Exit::cannot_start,
                     "cannot begin a segment of the log: " + begun.error().message};
  }
  thread_ = std::jthread{[this] { run(); }};
}

Wal::~Wal() { stop(); }

// --- a change comes in ---

Result<void> Wal::on_change(std::string_view table, std::span<const Entry> changes) {
  std::string payload;
  append_table(payload, table);
  for (const auto& change : changes) append_change(payload, change);

  const auto record_bytes = sizeof(RecordHeader) + payload.size();
  constexpr auto mark_bytes = sizeof(RecordHeader);  // one may follow the record
  {
    std::unique_lock lock{mutex_};
    if (auto room = make_room(lock, record_bytes + mark_bytes); !room) return room;
    ++last_lsn_;
    append(RecordType::changes, payload);
    appended_bytes_ += record_bytes;
  }
  work_.notify_one();
  return {};
}

void Wal::append(RecordType type, std::string_view payload) {
  const RecordHeader header{.lsn = last_lsn_, .durable_lsn = durable_lsn_, .type = type};
  chain_ = append_record(pending_, header, payload, chain_, seed_, end_offset_);
  end_offset_ += sizeof(RecordHeader) + payload.size();
}

/// Sees to it that `bytes` more fit into the space that is reserved in the segment, or in a new
/// one.
Result<void> Wal::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  while (!failure_) {
    const bool no_records = end_offset_ == sizeof(SegmentHeader);
    if (end_offset_ + bytes <= reserved_offset_) return {};
    if (end_offset_ + bytes <= limits_.segment_bytes || no_records)
      return reserve(end_offset_ + bytes);
    if (pending_.empty() && !writing_) {  // the segment is full, and written to its end
      if (auto begun = begin_segment(); !begun) return begun;
    } else {
      progress_.wait(lock);
    }
  }
  return *failure_;
}

Result<void> Wal::reserve(std::uint64_t end) {
  const auto step_end = std::min(reserved_offset_ + reserve_bytes_, limits_.segment_bytes);
  auto written = write_zeros(*file_, reserved_offset_, std::max(end, step_end));
  if (written) {
    reserved_offset_ = std::max(end, step_end);
    reserve_bytes_ = std::min(2 * reserve_bytes_, limits_.reserve_bytes_max);
  } else if (end < step_end) {  // the disk may have room for this one record still
    written = write_zeros(*file_, reserved_offset_, end);
    if (written) reserved_offset_ = end;
  }
  return written;
}

// --- segments ---

/// The old segment is on the disk to its end before there is a new one. Without room for the new
/// one nothing has changed; any other error leaves unknown what the folder holds, and is final.
Result<void> Wal::begin_segment() {
  if (file_) {
    if (auto synced = file_->sync(); !synced) {
      fail(synced.error());
      return synced;
    }
    durable_lsn_ = last_lsn_.load();
    progress_.notify_all();
  }
  const auto header = make_segment_header(store_, last_lsn_ + 1, chain_);
  auto created = create_segment(folder_, header, limits_.reserve_bytes_min);
  if (!created) {
    if (file_ && created.error().status != Status::no_space) fail(created.error());
    return created.error();
  }
  file_ = std::move(*created);
  first_lsn_ = header.first_lsn;
  seed_ = segment_seed(header);
  end_offset_ = sizeof(SegmentHeader);
  reserved_offset_ = end_offset_ + limits_.reserve_bytes_min;
  reserve_bytes_ = limits_.reserve_bytes_min;
  return {};
}

// --- the log's thread ---

void Wal::run() {
  std::unique_lock lock{mutex_};
  while (wait_for_work(lock) && flush(lock)) reserve_ahead(lock);
}

bool Wal::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto ready = [this] {
    return stopping_ || failure_ || !pending_.empty() || durable_wanted_ > durable_lsn_;
  };
  if (sync_ == Sync::everysec && written_lsn_ > durable_lsn_) {
    work_.wait_until(lock, next_sync_, ready);
  } else {
    work_.wait(lock, ready);
  }
  return !failure_ && (!stopping_ || !pending_.empty());
}

/// Writes what has gathered, and syncs if that is due; without the lock, so that more can gather.
bool Wal::flush(std::unique_lock<std::mutex>& lock) {
  const std::string batch = std::exchange(pending_, {});
  const auto offset = end_offset_ - batch.size();
  const Lsn lsn = last_lsn_;
  const auto now = Clock::now();
  const bool due = sync_ == Sync::always || (sync_ == Sync::everysec && now >= next_sync_) ||
                   durable_wanted_ > durable_lsn_;
  const bool sync = due && lsn > durable_lsn_;
  writing_ = true;
  lock.unlock();

  Result<void> done;
  if (!batch.empty()) done = file_->write_at(offset, batch);
  if (done && sync) done = file_->sync();

  lock.lock();
  writing_ = false;
  if (!done) {
    fail(done.error());
    return false;
  }
  written_lsn_ = lsn;
  if (sync) {
    durable_lsn_ = lsn;
    next_sync_ = now + std::chrono::seconds{1};
    if (pending_.empty())
      append(RecordType::mark, {});  // nothing else comes to name the durable LSN
  }
  safe_lsn_ = sync_ == Sync::always ? durable_lsn_.load() : written_lsn_;
  progress_.notify_all();
  lock.unlock();
  tell_listeners();
  lock.lock();
  return true;
}

/// Writes zeros before they are needed, so that no command waits for them. Errors are left to the
/// command that does need them.
void Wal::reserve_ahead(std::unique_lock<std::mutex>& lock) {
  const auto end = std::min(reserved_offset_ + reserve_bytes_, limits_.segment_bytes);
  if (reserved_offset_ - end_offset_ > reserve_bytes_ / 2 || end <= reserved_offset_) return;
  const auto from = reserved_offset_;
  writing_ = true;
  lock.unlock();
  const auto written = write_zeros(*file_, from, end);
  lock.lock();
  writing_ = false;
  progress_.notify_all();
  if (!written) return;
  reserved_offset_ = std::max(reserved_offset_, end);
  reserve_bytes_ = std::min(2 * reserve_bytes_, limits_.reserve_bytes_max);
}

Result<void> Wal::make_durable(Lsn lsn) {
  assert(lsn <= last_lsn_);
  std::unique_lock lock{mutex_};
  durable_wanted_ = std::max(durable_wanted_, lsn);
  work_.notify_one();
  progress_.wait(lock, [&] { return failure_ || stopping_ || durable_lsn_ >= lsn; });
  if (durable_lsn_ >= lsn) return {};
  return failure_.value_or(Error{Status::storage_failed, "the log is being closed"});
}

void Wal::fail(const Error& error) {
  failure_ = error;
  failed_ = true;
  progress_.notify_all();
  work_.notify_all();
  tell_listeners();
  on_failure_(error);
}

void Wal::stop() {
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  work_.notify_all();
  progress_.notify_all();
}

Result<void> Wal::close() {
  stop();
  thread_.join();
  if (failure_) return *failure_;
  if (auto synced = file_->sync(); !synced) return synced;
  return write_manifest(
      folder_,
      Manifest{.store = store_, .newest_segment = first_lsn_, .clean = 1, .clean_lsn = last_lsn_});
}

std::list<Wal::Listener>::iterator Wal::add_listener(Listener listener) {
  const std::lock_guard lock{listeners_mutex_};
  return listeners_.insert(listeners_.end(), std::move(listener));
}

void Wal::remove_listener(std::list<Listener>::iterator listener) {
  const std::lock_guard lock{listeners_mutex_};
  listeners_.erase(listener);
}

void Wal::tell_listeners() {
  const std::lock_guard lock{listeners_mutex_};
  for (const auto& listener : listeners_) listener();
}

}  // namespace kv
