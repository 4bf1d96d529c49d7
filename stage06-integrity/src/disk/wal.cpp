#include "disk/wal.hpp"

#include <chrono>
#include <utility>

#include "base/start_error.hpp"
#include "disk/segment_file.hpp"

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
  const bool has_data = repair_ != nullptr;
  if (auto begun = begin_first_segment(); !begun) {
    if (!has_data || !may_come_back(begun.error())) {
      throw StartError{Exit::cannot_start,
                       "cannot begin a segment of the log: " + begun.error().message};
    }
    no_room_ = begun.error();
    next_try_ = Clock::now() + between_tries;
  }
  try {
    thread_ = std::jthread{[this] { run(); }};
    aside_thread_ = std::jthread{[this] { run_aside(); }};
  } catch (...) {
    stop();  // or the first one would never end
    throw;
  }
}

Position Wal::last() {
  const std::lock_guard lock{mutex_};
  return {last_lsn_, chain_, segment_ ? segment_->header().id : end_segment_};
}

std::optional<Error> Wal::lacks_room() {
  const std::lock_guard lock{mutex_};
  return segment_ ? std::nullopt : no_room_;
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
  const bool nobody_waits = !is_anything_pending() || mark_waits_;
  if (is_anything_pending() && !flush(lock)) return false;
  if (nobody_waits) reserve_ahead(lock);
  if (flush_asked_) work_.notify_one();  // by somebody else meanwhile
  return mark_waits_ || !nobody_waits;
}

void Wal::append(RecordType type, std::string_view payload) {
  const RecordHeader header{.lsn = last_lsn_, .durable_lsn = durable_lsn_, .type = type};
  const auto chain = segment_->append(pending_, header, payload, chain_);
  if (type == RecordType::changes) chain_ = chain;
}

/// Sees to it that `bytes` more fit into the space that is reserved in the segment, or in the next
/// one. Who finds none ready has one more try made for it, and waits for that.
Result<void> Wal::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  while (!failure_) {
    if (segment_ && segment_->has_room(bytes)) return {};
    if (segment_ && segment_->may_grow(bytes)) return segment_->reserve(bytes);
    if (segment_ && next_ && !closing_) {
      change_segment();
      continue;
    }
    const auto tries = preparations_;
    const bool needs_next = !next_;
    preparation_asked_ = preparation_asked_ || needs_next;
    aside_.notify_one();
    ask_for_flush();
    progress_.wait(lock, [&] {
      return failure_ || stopping_ || (needs_next ? preparations_ != tries : !closing_);
    });
    if (no_room_) return *no_room_;
    if (stopping_) return Error{Status::storage_failed, "the log is being closed"};
  }
  return *failure_;
}

/// From here on changes go to the next segment. The file of the one before gets what is pending for
/// it, and the new one its name, before any of these changes is safe (flush).
void Wal::change_segment() {
  const Position end{last_lsn_, chain_, segment_->header().id};
  closing_ = Closing{std::move(*segment_), std::exchange(pending_, {})};
  next_->set_name(segment_name(end.lsn + 1));
  segment_.emplace(std::exchange(next_, nullptr), make_segment_header(store_, end, random_number()),
                   limits_);
  mark_waits_ = false;
}

// --- the thread that writes ---

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

/// Writes what has gathered, without the lock, so that more can gather.
bool Wal::flush(std::unique_lock<std::mutex>& lock) {
  const bool changes_segment = closing_.has_value();
  const std::string batch = std::exchange(pending_, {});
  const auto file = segment_->file();
  const auto header = segment_->header();
  const auto offset = segment_->end_offset() - batch.size();
  const Lsn lsn = last_lsn_;
  flush_asked_ = mark_waits_ = false;
  writing_ = true;
  lock.unlock();
  Result<void> written;
  if (changes_segment) written = finish_closing(header);
  if (written && !batch.empty()) written = file->write_at(offset, batch);
  lock.lock();
  if (!written) fail(written.error());
  if (written && changes_segment) {
    durable_lsn_ = std::max<Lsn>(durable_lsn_, header.first_lsn - 1);
    closing_.reset();
    manifest_due_ = true;
    aside_.notify_one();
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
    if (first_unsynced || durable_wanted_ > durable_lsn_) aside_.notify_one();
  }
  writing_ = false;
  if (is_preparation_due()) aside_.notify_one();
  progress_.notify_all();
  tell_listeners(lock);
  return !failure_;
}

/// The segment before is on the disk to its end, and then the new one there, with its name.
Result<void> Wal::finish_closing(const SegmentHeader& next) {
  File& file = *closing_->segment.file();  // nobody else changes closing_ while writing_ is set
  const auto& pending = closing_->pending;
  auto done = file.write_at(closing_->segment.end_offset() - pending.size(), pending);
  if (done) done = file.sync();
  if (done) done = begin_next_segment(folder_, *segment_->file(), next);
  return done ? done : Error{Status::storage_failed, done.error().message};
}

/// Writes zeros before they are needed, so that no command waits for them. Errors are left to the
/// command that does need them.
void Wal::reserve_ahead(std::unique_lock<std::mutex>& lock) {
  if (writing_ || !segment_ || closing_) return;
  const auto begin = segment_->reserved_offset(), end = segment_->next_reserved_offset();
  if (begin == end) return;
  const auto file = segment_->file();
  writing_ = true;
  lock.unlock();
  const auto written = write_zeros(*file, begin, end);
  lock.lock();
  writing_ = false;
  if (written && file == segment_->file()) segment_->set_reserved(end);
  progress_.notify_all();
}

void Wal::tell_listeners(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  listeners_.tell();
  lock.lock();
}

}  // namespace kv
