// Room in the log: the place of a record, the zeros ahead, and the next segment.

#include <algorithm>
#include <new>
#include <random>
#include <utility>

#include "disk/data_files.hpp"
#include "disk/wal.hpp"

namespace kv {
namespace {

std::uint64_t random_number() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

/// Sees to it that `bytes` more fit into the space that is reserved in the segment, or in the next
/// one. Who finds none ready has one more try made for it, and waits for that.
Result<void> Wal::make_room(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  while (!failure_) {
    if (segment_ && segment_->has_room(bytes)) return {};
    if (segment_ && segment_->may_grow(bytes)) {
      auto reserved = segment_->reserve(bytes);
      if (!reserved && closing_) ask_for_flush();  // the refused change has nobody do it
      return reserved;
    }
    if (segment_ && next_ && !closing_) {
      switch_segment();
      continue;
    }
    const auto tries = preparations_;
    const bool needs_next = !next_;
    preparation_asked_ = preparation_asked_ || needs_next;
    background_.notify_one();
    ask_for_flush();
    progress_.wait(lock, [&] {
      return failure_ || stopping_ || (needs_next ? preparations_ != tries : !closing_);
    });
    if (no_room_) return *no_room_;
    if (stopping_) return Error{Status::storage_failed, "the log is being closed"};
  }
  return *failure_;
}

std::optional<Error> Wal::lacks_room() {
  const std::lock_guard lock{mutex_};
  return segment_ ? std::nullopt : no_room_;
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

// --- from one segment to the next ---

/// From here on changes go to the next segment. The file of the one before gets what is pending for
/// it, and the new one its name, before any of these changes is safe (flush).
void Wal::switch_segment() {
  const Position end{last_lsn_, chain_, segment_->header().id};
  closing_.emplace(Closing{std::move(*segment_), std::exchange(pending_, {})});
  segment_.emplace(std::move(*next_), make_segment_header(store_, end, random_number()), limits_);
  next_.reset();
  mark_waits_ = false;
}

/// The segment before is on the disk to its end, and then the new one there, with its name.
Result<void> Wal::finish_closing() {
  File& file = *closing_->segment.file();  // nobody else changes closing_ while writing_ is set
  const auto& pending = closing_->pending;
  auto done = file.write_at(closing_->segment.end_offset() - pending.size(), pending);
  if (done) done = file.sync();
  if (done) done = segment_->publish();
  return done ? done : as_final(done.error());
}

// --- the next segment is made ready ---

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
  Result<void> done;
  try {
    done = segment_ ? name_segment(lock) : begin_first_segment();
    if (done && next_is_due) done = make_next_segment(lock);
  } catch (const std::bad_alloc&) {
    if (!lock.owns_lock()) lock.lock();
    done = Error{Status::overloaded, "out of memory"};  // so short that it takes none
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

Result<void> Wal::make_next_segment(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto next = create_next_segment(folder_, limits_.reserve_bytes);
  lock.lock();
  if (!next) return next.error();
  next_.emplace(std::move(*next));
  return {};
}

/// Has the manifest name the segment, if it does not yet.
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
  background_.notify_one();
  progress_.wait(lock,
                 [&] { return failure_ || stopping_ || !manifest_due_ || preparations_ != tries; });
}

/// No change is taken before there is one, so the lock may be held while the disk is at it.
Result<void> Wal::begin_first_segment() {
  if (repair_) {
    if (auto repaired = repair_(); !repaired) return repaired;
  }
  const auto files = list_data_files(folder_);
  if (!files) return files.error();
  auto file = create_next_segment(folder_, limits_.reserve_bytes);
  if (!file) return file.error();
  LogWriter segment{std::move(*file),
                    make_segment_header(store_, {last_lsn_, chain_, end_segment_}, random_number()),
                    limits_};
  const Lsn first_lsn = segment.header().first_lsn;
  // The start may have found a segment without records: it has this name.
  const bool replaces = files->segments.contains(first_lsn);
  auto done = segment.publish();
  if (!done) return done;
  done = write_manifest(folder_, {.store = store_, .newest_segment = first_lsn});
  if (!done && may_come_back(done.error()) && !replaces) {  // nothing is left behind
    auto undone = folder_.remove(segment_name(first_lsn));
    if (undone) undone = folder_.sync();
    if (!undone) return as_final(undone.error());
  }
  if (done) segment_.emplace(std::move(segment));
  if (done) repair_ = nullptr;
  return done;
}

Manifest Wal::manifest() const {
  return {.store = store_, .newest_segment = segment_->header().first_lsn};
}

}  // namespace kv
