#include "store.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

#include "segment_file.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

/// For steps of a start: it goes on only when they succeed.
void must(const Result<void>& done) {
  if (!done) throw StartError{Exit::cannot_start, done.error().message};
}

StoreId random_id() {
  StoreId id;
  std::random_device random;
  std::ranges::generate(id, [&random] { return static_cast<unsigned char>(random()); });
  return id;
}

/// Of the log that a start has to replay, or up to a segment more.
std::uint64_t log_bytes(const Survey& survey) {
  std::uint64_t bytes = 0;
  for (const auto& segment : survey.segments) {
    if (!survey.snapshot || segment.end.lsn > survey.snapshot->lsn)
      bytes += segment.end_offset - sizeof(SegmentHeader);
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

void report(const Survey& survey, std::chrono::steady_clock::duration took) {
  for (const auto& warning : survey.warnings) spdlog::error("{}", warning);
  std::uint64_t records = 0, torn_bytes = 0;
  for (const auto& segment : survey.segments) records += segment.records;
  std::string saved;
  if (!survey.segments.empty()) {
    const auto& last = survey.segments.back();
    torn_bytes = last.used_bytes - last.end_offset;
    if (torn_bytes > 0)
      saved = fmt::format(" (in {})", torn_name(survey.files, segment_name(last.header.first_lsn),
                                                last.end_offset));
  }
  spdlog::info(
      "recovered: {}, {} segments, {} records, {} torn bytes{}, last LSN {}, {} stop, {:.3f} s",
      survey.snapshot ? snapshot_name(survey.snapshot->lsn) : "no snapshot", survey.segments.size(),
      records, torn_bytes, saved, survey.end.lsn, survey.clean ? "clean" : "unclean",
      std::chrono::duration<double>(took).count());
}

}  // namespace

Store::Store(std::unique_ptr<Folder> folder, MemTable& memtable, const Settings& settings,
             std::function<void(const Error&)> on_failure)
    : folder_{std::move(folder)} {
  const auto begin = std::chrono::steady_clock::now();
  must(folder_->check_writable());
  auto survey = survey_folder(*folder_, settings.truncate);
  if (survey.is_new && settings.must_exist) {
    throw StartError{Exit::cannot_start,
                     "there is no store in " + folder_->path() +
                         " (is its volume mounted? without --require-store a new one is begun)"};
  }
  repair_folder(*folder_, survey);
  if (survey.is_new) {
    survey.store = random_id();
    must(write_manifest(*folder_, Manifest{.store = survey.store}));
  }
  load_folder(*folder_, survey, [&memtable](std::string_view table, std::string_view key, Row row) {
    memtable.replay(table, key, std::move(row));
  });
  if (survey.is_new) {
    report_new(survey.files, folder_->path());
  } else {
    report(survey, std::chrono::steady_clock::now() - begin);
  }

  wal_ = std::make_unique<Wal>(*folder_, survey.store, survey.end, settings.sync,
                               std::move(on_failure), settings.limits);
  memtable.observe(*wal_);
  snapshotter_ = std::make_unique<Snapshotter>(
      *folder_, survey.store, memtable, *wal_, settings.snapshot_every,
      survey.snapshot ? survey.snapshot->created : 0, log_bytes(survey));
  folder_watcher_ = std::jthread{[this](const std::stop_token& stop) { watch_folder(stop); }};
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

Result<void> Store::close() {
  folder_watcher_ = {};
  snapshotter_.reset();
  auto closed = wal_->close();
  if (closed || closed.error().status != Status::no_space) return closed;
  spdlog::warn("{}; the log is whole, and the next start reads it as after a crash",
               closed.error().message);
  return {};
}

void repair_folder(Folder& folder, const Survey& survey) {
  for (const auto& name : survey.files.temporaries) must(folder.remove(name));
  for (const auto& name : survey.set_aside)
    must(folder.rename(name, torn_name(survey.files, name, 0)));
  must(folder.sync());
  if (survey.clean || survey.segments.empty()) return;
  const Segment& last = survey.segments.back();
  const auto name = segment_name(last.header.first_lsn);
  const auto bytes = read_segment_file(folder, name);
  if (last.used_bytes > last.end_offset) {
    must(write_whole(
        folder, torn_name(survey.files, name, last.end_offset),
        std::string_view{bytes}.substr(last.end_offset, last.used_bytes - last.end_offset)));
  }
  must(write_whole(folder, name, std::string_view{bytes}.substr(0, last.end_offset)));
}

void load_folder(const Folder& folder, const Survey& survey, const ChangeReader& change) {
  const auto unreadable = [](const std::string& name) {  // the survey has just read it
    return StartError{Exit::cannot_start, name + " has changed while it was read"};
  };
  const auto senseless = [](const std::string& name, std::uint64_t offset) {
    return StartError{Exit::damaged,
                      fmt::format("{} is damaged at offset {}: its checksums are right, and it "
                                  "makes no sense; put the files of a copy in its place",
                                  name, offset)};
  };
  const Lsn snapshot_lsn = survey.snapshot ? survey.snapshot->lsn : 0;
  if (survey.snapshot) {
    const auto name = snapshot_name(snapshot_lsn);
    const auto file = folder.open(name);
    if (!file || !read_snapshot(**file, survey.store, snapshot_lsn, change)) throw unreadable(name);
  }
  for (const auto& segment : survey.segments) {
    if (segment.end.lsn <= snapshot_lsn) continue;
    const auto name = segment_name(segment.header.first_lsn);
    const auto bytes = read_segment_file(folder, name);
    (void)read_segment(bytes, segment.header,
                       [&](auto offset, const RecordHeader& header, std::string_view payload) {
                         if (header.type != RecordType::changes || header.lsn <= snapshot_lsn)
                           return;
                         if (!read_changes(payload, change)) throw senseless(name, offset);
                       });
  }
}

}  // namespace kv
