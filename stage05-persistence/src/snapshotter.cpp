#include "snapshotter.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <string>

namespace kv {

Snapshotter::Snapshotter(Folder& folder, const StoreId& store, const MemTable& memtable, Wal& wal,
                         std::uint64_t every, std::int64_t newest_created)
    : folder_{folder},
      store_{store},
      memtable_{memtable},
      wal_{wal},
      every_{every},
      newest_created_{newest_created},
      next_at_{every} {
  listener_ = wal_.add_listener([this] {
    if (wal_.appended_bytes() < next_at_) return;
    const std::lock_guard lock{mutex_};  // or the notification could come before the wait
    wake_.notify_one();
  });
  if (every_ > 0) thread_ = std::jthread{[this] { run(); }};
}

Snapshotter::~Snapshotter() {
  wal_.remove_listener(listener_);
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  wake_.notify_one();
}

void Snapshotter::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || wal_.appended_bytes() >= next_at_; });
    if (stopping_) return;
    lock.unlock();
    next_at_ = wal_.appended_bytes() + every_;  // also the next try, when this one fails
    if (auto written = write(); !written && !wal_.failed()) {
      spdlog::error("no snapshot: {}; the log keeps everything, and the next try is {} bytes away",
                    written.error().message, every_);
    }
    lock.lock();
  }
}

Result<void> Snapshotter::write() {
  const auto begin = std::chrono::steady_clock::now();
  const auto snapshot =
      write_snapshot(folder_, store_, memtable_, [this] { return wal_.last_lsn(); });
  if (!snapshot) {
    (void)folder_.remove(
        snapshot_temporary_name);  // it may not be there; a start removes it otherwise
    return snapshot.error();
  }
  if (auto durable = wal_.make_durable(snapshot->end_lsn); !durable) return durable;
  const auto name = snapshot_name(snapshot->start_lsn);
  if (auto renamed = folder_.rename(snapshot_temporary_name, name); !renamed) return renamed;
  if (auto synced = folder_.sync(); !synced) return synced;
  newest_created_ = snapshot->created;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spdlog::info("{}: {} rows in {:.2f} s", name, snapshot->rows, took.count());
  return remove_old();
}

Result<void> Snapshotter::remove_old() {
  const auto names = folder_.list();
  if (!names) return names.error();
  std::map<Lsn, std::string> snapshots, segments;
  for (const auto& name : *names) {
    if (const auto lsn = snapshot_start_lsn(name)) snapshots[*lsn] = name;
    if (const auto lsn = segment_first_lsn(name)) segments[*lsn] = name;
  }
  if (snapshots.size() < 2)
    return {};  // without an older one, the whole log is what it falls back to
  while (snapshots.size() > 2) {
    if (auto removed = folder_.remove(snapshots.begin()->second); !removed) return removed;
    snapshots.erase(snapshots.begin());
  }
  const Lsn needed = snapshots.begin()->first + 1;
  while (segments.size() > 1 && std::next(segments.begin())->first <= needed) {
    if (auto removed = folder_.remove(segments.begin()->second); !removed) return removed;
    segments.erase(segments.begin());
  }
  return {};
}

}  // namespace kv
