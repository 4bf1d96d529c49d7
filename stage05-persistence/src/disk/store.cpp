#include "disk/store.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "disk/recovery.hpp"
#include "disk/snapshot.hpp"

namespace kv {

Store::Store(std::unique_ptr<Folder> folder, MemTable& memtable, std::uint64_t snapshot_every,
             std::function<void(const Error&)> on_failure)
    : folder_{std::move(folder)}, memtable_{memtable}, snapshot_every_{snapshot_every} {
  const auto begin = std::chrono::steady_clock::now();
  auto found = read_folder(
      *folder_, [&memtable](Lsn, std::string_view table, const std::vector<Entry>& changes) {
        memtable.replay(table, changes);
      });
  auto log = repair_folder(*folder_, found);
  snapshot_created_ = found.created;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  spdlog::info("{}: snapshot up to LSN {}, {} logs, last LSN {}, read in {:.3f} s", folder_->path(),
               found.base, found.logs.size(), found.last_lsn, took.count());
  wal_.emplace(*folder_, std::move(log), found.last_lsn, std::move(on_failure));
  if (snapshot_every > 0)
    thread_ = std::jthread{[this](const std::stop_token& stop) { write_snapshots(stop); }};
}

void Store::write_snapshots(const std::stop_token& stop) try {
  while (wal_->wait_for_bytes(snapshot_every_, stop)) {
    const auto written = write_snapshot(*folder_, memtable_, *wal_);
    if (!written) return wal_->fail(written.error());
    snapshot_created_ = written->created;
    spdlog::info("a snapshot, up to LSN {} and in part to {}", written->base, written->last_lsn);
  }
} catch (const std::bad_alloc&) {  // as for the copy of a shard
  wal_->fail({Status::storage_failed, "out of memory"});
}

std::vector<Entry> Store::info() const {
  const auto pair = [](const char* name, auto value) {
    return Entry{name, Value{static_cast<std::int64_t>(value)}};
  };
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age =
      std::chrono::duration_cast<std::chrono::seconds>(now).count() - snapshot_created_;
  const Lsn durable_lsn = wal_->durable_lsn();  // read first, or it might be the larger one
  return {pair("last_lsn", wal_->last_lsn()), pair("durable_lsn", durable_lsn),
          pair("snapshot_age", std::max<std::int64_t>(age, 0))};  // a clock can be set back
}

Result<void> Store::close() {
  thread_ = {};
  return wal_->close();
}

}  // namespace kv
