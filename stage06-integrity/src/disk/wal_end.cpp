// How the log ends: with a final error, with a folder that is gone, or in order.

#include "disk/segment_file.hpp"
#include "disk/wal.hpp"

namespace kv {

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

void Wal::stop() {
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  wake_everybody();
}

Result<void> Wal::close() {
  stop();
  thread_.join();
  aside_thread_.join();
  if (failure_) return *failure_;
  if (next_) (void)folder_.remove(next_segment_name);  // if it stays, the next start removes it
  if (!segment_) return {};                            // the folder is as the start has found it
  File& file = *segment_->file();
  (void)file.truncate(segment_->end_offset());  // or some zeros take room
  if (auto synced = file.sync(); !synced) return synced;
  auto stopped = manifest();
  stopped.clean = 1;
  stopped.clean_lsn = last_lsn_;
  return write_manifest(folder_, stopped);
}

}  // namespace kv
