#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "disk/store.hpp"
#include "simulated_folder.hpp"

namespace kv::test {

/// By table and key; a value as its kind and its bytes, those of a long one as their checksum: so
/// not-a-number equals itself, and a test that fails prints something to read.
using Contents = std::map<std::string, std::map<std::string, std::string>>;

std::string text_of(const Value& value);
Contents contents_of(const MemTable& memtable);

/// For AnswerLimit: no answer is too large.
AnswerLimit any_answer();

/// Segments so small that a test sees many of them.
inline constexpr Wal::Limits tiny_limits{.segment_bytes = 4096, .reserve_bytes = 1024};

/// A store on a simulated folder, and its memtable. Its end is that of a process that is killed:
/// close() makes it an orderly one. Throws StartError as Store does.
class OpenStore {
 public:
  explicit OpenStore(const SimulatedFolder& folder,
                     const Store::Settings& settings = {.limits = tiny_limits});

  MemTable& memtable() { return memtable_; }
  Store& store() { return *store_; }
  Wal& wal() { return store_->wal(); }
  int failures() const { return failures_; }  ///< calls of on_failure

  /// Sets a key in table "t". With set_durably: it is on the disk.
  Result<void> set(const std::string& key, const Value& value);
  void set_durably(const std::string& key, const Value& value);

  Contents contents() const { return contents_of(memtable_); }

 private:
  MemTable memtable_{any_answer()};
  std::atomic<int> failures_ = 0;
  std::unique_ptr<Store> store_;
};

/// What a worker does for a connection that is alone: the log's thread has nothing left to write.
inline void flush_here(Wal& wal) {
  while (wal.flush_now()) {
  }
}

/// For survey_folder: what it reads goes into the memtable.
inline Loader into(MemTable& memtable) {
  return {.change = [&memtable](std::string_view table, std::string_view key,
                                Row row) { memtable.replay(table, key, std::move(row)); },
          .clear = [&memtable] { memtable.clear(); }};
}

/// What a start finds. Throws StartError as Store does.
Contents recover(const SimulatedFolder& folder, const Store::Settings& settings = {});

/// What a start would find; quicker, and it changes nothing.
Contents look(const SimulatedFolder& folder);

/// The text of the StartError that a start with these settings ends in; it expects one, with the
/// exit status 65.
std::string refusal(const SimulatedFolder& folder, const Store::Settings& settings = {});

/// Commands that change a few keys in all ways, with values that are hard on a log: nothing but
/// zeros, what looks like a record, longer than a sector.
class RandomCommands {
 public:
  explicit RandomCommands(std::uint32_t seed) : random_{seed} {}

  /// Carries out the next one. Result: as the storage's.
  Result<void> next(Storage& storage);

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  std::string key() { return "key" + std::to_string(below(6)); }
  Value value();

  std::mt19937 random_;
};

/// Collects what is logged while it lives, in place of printing it.
class CapturedLog {
 public:
  CapturedLog();
  ~CapturedLog();
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const { return out_.str(); }  ///< only while nobody logs

 private:
  std::ostringstream out_;
  std::shared_ptr<void> before_;
};

}  // namespace kv::test
