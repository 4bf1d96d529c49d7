#pragma once

#include <atomic>
#include <memory>
#include <random>
#include <string>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/store.hpp"
#include "recovered_log.hpp"

namespace kv::test {

/// A store on a simulated folder, and its memtable. Its end is that of a process that is killed:
/// close() makes it an orderly one. Throws FatalError as Store does.
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

/// What a start finds. Throws FatalError as Store does. (look, of recovered_log.hpp, is quicker.)
Contents recover(const SimulatedFolder& folder, const Store::Settings& settings = {});

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

}  // namespace kv::test
