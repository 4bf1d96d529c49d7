#include "disk/store.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <random>
#include <system_error>

#include "base/fatal_error.hpp"

namespace kv {
namespace {

/// For steps of a start: it goes on only when they succeed.
void must(const Result<void>& done) {
  if (!done) throw FatalError{Exit::cannot_start, done.error().message};
}

StoreId random_id() {
  StoreId id;
  std::random_device random;
  std::ranges::generate(id, [&random] { return static_cast<unsigned char>(random()); });
  return id;
}

/// Of the log that a start has to replay, or up to a segment more.
std::uint64_t log_bytes(const Recovered& found) {
  constexpr std::uint64_t file_bytes_min = 4096;  // a file takes at the least; each start makes one
  std::uint64_t bytes = 0;
  for (const auto& segment : found.segments) {
    if (!found.snapshot || segment.end.lsn > found.snapshot->lsn)
      bytes += std::max<std::uint64_t>(segment.end_offset - sizeof(SegmentHeader), file_bytes_min);
  }
  return bytes;
}

/// Other files where a new store begins: perhaps it is the wrong folder.
void report_new(const DataFiles& files, const std::string& path) {
  const auto others = files.names.size() - files.temporaries.size();
  if (others == 0) return spdlog::info("a new store in {}", path);
  spdlog::warn("a new store in {}, where {} other file{} already", path, others,
               others == 1 ? " was" : "s were");
}

void report(const Recovered& found, std::chrono::steady_clock::duration took) {
  for (const auto& warning : found.warnings) spdlog::error("{}", warning);
  std::uint64_t records = 0, torn_bytes = 0;
  for (const auto& segment : found.segments) records += segment.records;
  std::string saved;
  if (!found.segments.empty()) {
    const auto& last = found.segments.back();
    torn_bytes = last.used_bytes - last.end_offset;
    if (torn_bytes > 0)
      saved = fmt::format(
          " (in {})", torn_name(found.files, segment_name(last.header.first_lsn), last.end_offset));
  }
  spdlog::log(
      torn_bytes > 0 ? spdlog::level::warn : spdlog::level::info,
      "recovered: {}, {} segments, {} records, {} torn bytes{}, last LSN {}, {} stop, {:.3f} s",
      found.snapshot ? snapshot_name(found.snapshot->lsn) : "no snapshot", found.segments.size(),
      records, torn_bytes, saved, found.end.lsn, found.clean ? "clean" : "unclean",
      std::chrono::duration<double>(took).count());
}

/// A snapshot that is no way back is set aside, or the log that it stands for would be removed.
void report_unread(Folder& folder, const Recovered& found, const std::stop_token& stop) try {
  const auto unread = check_unread(folder, found, stop);
  for (const auto& warning : unread.warnings) spdlog::error("{}", warning);
  for (const auto& name : unread.damaged_snapshots) {
    if (auto moved = folder.rename(name, torn_name(found.files, name, 0)); !moved)
      spdlog::error("{}; move it away", moved.error().message);
  }
} catch (const std::bad_alloc&) {
  spdlog::error("no memory is left to check older snapshots, and the log before the newest");
}

Entry number(const char* name, std::uint64_t value) {
  return {name, Value{static_cast<std::int64_t>(value)}};
}

/// `created` is in a file, and so may be anything: a time to come makes it 0.
std::uint64_t seconds_since(std::int64_t created) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return static_cast<std::uint64_t>(seconds - std::clamp<std::int64_t>(created, 0, seconds));
}

}  // namespace

Store::Store(std::unique_ptr<Folder> folder, MemTable& memtable, const Settings& settings,
             std::function<void(const Error&)> on_failure) try
    : folder_{std::move(folder)} {
  const auto begin = std::chrono::steady_clock::now();
  must(folder_->check_writable());
  const Loader loader{
      .change = [&memtable](std::string_view table, std::string_view key,
                            Row row) { memtable.replay(table, key, std::move(row)); },
      .clear = [&memtable] { memtable.clear(); }};
  auto found = read_folder(*folder_, settings.truncate, loader);
  if (found.is_new && settings.must_exist) {
    throw FatalError{Exit::cannot_start,
                     "there is no store in " + folder_->path() +
                         " (is its volume mounted? without --require-store a new one is begun)"};
  }
  settings.before_changes();
  begin_log(settings, found, std::move(on_failure));
  if (found.is_new) {
    report_new(found.files, folder_->path());
  } else {
    report(found, std::chrono::steady_clock::now() - begin);
  }
  auto first = [&folder = *folder_, found](const std::stop_token& stop) {
    report_unread(folder, found, stop);
  };
  snapshotter_ = std::make_unique<Snapshotter>(
      *folder_, found.store, memtable, *wal_, settings.snapshot_every,
      found.snapshot ? found.snapshot->created : 0, log_bytes(found), std::move(first));
  folder_watcher_ = std::jthread{[this](const std::stop_token& stop) { watch_folder(stop); }};
} catch (const std::system_error& error) {
  throw FatalError{Exit::cannot_start, "cannot start a thread: " + error.code().message() +
                                           " (ulimit -u and -v bound them)"};
}

void Store::begin_log(const Settings& settings, Recovered& found,
                      std::function<void(const Error&)> on_failure) {
  Wal::Repair repair;
  if (found.is_new) {
    found.store = random_id();
    for (const auto& name : found.files.temporaries) must(folder_->remove(name));
    must(write_manifest(*folder_, Manifest{.store = found.store}));
  } else {
    repair = [&folder = *folder_, found]() mutable { return repair_folder(folder, found); };
  }
  try {
    wal_ = std::make_unique<Wal>(*folder_, found.store, found.end, settings.sync,
                                 std::move(on_failure), settings.limits, std::move(repair));
  } catch (const FatalError&) {
    const auto files = list_data_files(*folder_);
    if (found.is_new && files && files->segments.empty()) (void)folder_->remove(manifest_name);
    throw;
  }
  if (const auto lacking = wal_->lacks_room()) {
    // What is read from now on may be in the cache alone: nobody sees it before it is on the disk.
    if (!found.segments.empty()) {
      const auto name = segment_name(found.segments.back().header.first_lsn);
      const auto file = folder_->open(name);
      must(file ? (*file)->sync() : file.error());
    }
    must(folder_->sync());
    spdlog::error("{}; reads are served, and writes are answered 507 until there is room",
                  lacking->message);
  }
}

/// The folder on the disk is the promise: an answer that comes after somebody has taken it away
/// would be a lie.
void Store::watch_folder(const std::stop_token& stop) {
  constexpr std::chrono::seconds every{1};
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    stopped.wait_for(lock, stop, every, [] { return false; });
    if (!stop.stop_requested()) wal_->check_folder();
  }
}

std::optional<std::uint64_t> Store::bytes_of_log() const {
  const auto files = list_data_files(*folder_);
  if (!files) return std::nullopt;
  std::uint64_t bytes = 0;
  for (const auto& [first_lsn, name] : files->segments) {
    const auto file = folder_->open(name);
    const auto size = file ? (*file)->size() : Result<std::uint64_t>{file.error()};
    if (size) bytes += *size;  // else it has just been removed
  }
  return bytes;
}

std::vector<Entry> Store::info() const {
  const Lsn durable = wal().durable_lsn();  // first: so the last one is never below it
  std::vector<Entry> pairs{number("last_lsn", wal().last_lsn()), number("durable_lsn", durable)};
  if (const auto bytes = bytes_of_log()) pairs.push_back(number("log_bytes", *bytes));
  pairs.push_back(number("snapshots_failed", snapshots_failed()));
  if (const auto created = snapshot_created(); created != 0)
    pairs.push_back(number("snapshot_age", seconds_since(created)));
  return pairs;
}

Result<void> Store::close() {
  folder_watcher_ = {};
  snapshotter_.reset();
  auto closed = wal_->close();
  if (closed || !may_come_back(closed.error())) return closed;
  spdlog::warn("{}; the log is whole, and the next start reads it as after a crash",
               closed.error().message);
  return {};
}

}  // namespace kv
