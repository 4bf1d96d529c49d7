#include "disk/snapshotter.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <string>

#include "disk/data_files.hpp"
#include "disk/manifest.hpp"

namespace kv {
namespace {

Error out_of_memory() { return {Status::overloaded, "out of memory"}; }  // so short: it takes none

}  // namespace

Snapshotter::Snapshotter(Folder& folder, const StoreId& store, const MemTable& memtable, Wal& wal,
                         std::uint64_t every, std::int64_t newest_created, std::uint64_t log_bytes,
                         Job first)
    : folder_{folder},
      store_{store},
      memtable_{memtable},
      wal_{wal},
      every_{every},
      first_{std::move(first)},
      newest_created_{newest_created},
      next_at_{every - std::min(every, log_bytes)} {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  listener_ = wal_.listeners().add([this] {
    if (wal_.appended_bytes() < next_at_) return;
    const std::lock_guard lock{mutex_};  // or the notification could come before the wait
    wake_.notify_one();
  });
}

void Snapshotter::run(const std::stop_token& stop) {
  first_(stop);
  if (every_ == 0) return;
  std::unique_lock lock{mutex_};
  const auto is_due = [this] { return wal_.appended_bytes() >= next_at_; };
  while (wake_.wait(lock, stop, is_due) && !stop.stop_requested()) {
    lock.unlock();
    next_at_ = wal_.appended_bytes() + every_;  // also the next try, when this one fails
    if (auto written = write(stop); !written && !wal_.failed()) {
      failed_ += !stop.stop_requested();
      spdlog::log(stop.stop_requested() ? spdlog::level::info : spdlog::level::err,
                  "no snapshot: {}; the log keeps everything, and the next try is {} bytes away",
                  written.error().message, every_);
    }
    lock.lock();
  }
}

Result<void> Snapshotter::write(const std::stop_token& stop) try {
  const auto begin = std::chrono::steady_clock::now();
  const auto snapshot = write_snapshot(folder_, store_, memtable_, wal_, stop);
  if (!snapshot) return snapshot.error();
  newest_created_ = snapshot->created;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spdlog::info("{}: {} rows in {:.2f} s", snapshot_name(snapshot->lsn), snapshot->rows,
               took.count());
  if (auto removed = remove_old(); !removed)
    spdlog::warn("{}; it stays until the next snapshot", removed.error().message);
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> Snapshotter::remove_old() try {
  if (wal_.lacks_room()) return {};  // a damaged snapshot may have its name still: repair_folder
  auto files = list_data_files(folder_);
  if (!files) return files.error();
  auto& segments = files->segments;
  auto& snapshots = files->snapshots;
  // Without an older one, the whole log is what it falls back to.
  if (snapshots.size() < 2) return {};
  while (snapshots.size() > 2) {
    if (auto removed = folder_.remove(snapshots.begin()->second); !removed) return removed;
    snapshots.erase(snapshots.begin());
  }
  wal_.wait_for_manifest();  // what it names is not to be missed, and it may be a little late
  const auto manifest = read_manifest(folder_);
  if (!manifest) return manifest.error();
  const Lsn needed = std::min(snapshots.begin()->first + 1, manifest->newest_segment);
  while (segments.size() > 1 && std::next(segments.begin())->first <= needed) {
    if (auto removed = folder_.remove(segments.begin()->second); !removed) return removed;
    segments.erase(segments.begin());
  }
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace kv
