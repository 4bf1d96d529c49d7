#include "table/memtable.hpp"

#include <bit>
#include <utility>

#include "table/copied_table.hpp"

namespace kv {
namespace {

Error answer_too_large(const AnswerLimit& limit) {
  const auto bytes = std::to_string(limit.bytes_max);
  return {Status::too_large, "the answer would be larger than " + bytes + " bytes"};
}

}  // namespace

/// Holds the locks of a set of shards, taken lowest first.
class MemTable::Locks {
 public:
  Locks(const MemTable& memtable, ShardSet shards) : memtable_{memtable}, shards_{shards} {
    for_each([](const Shard& shard) { shard.mutex.lock(); });
  }
  ~Locks() {
    for_each([](const Shard& shard) { shard.mutex.unlock(); });
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

 private:
  template <class Action>
  void for_each(Action action) const {
    for (ShardSet left = shards_; left != 0; left &= left - 1) {  // takes the lowest bit off
      action(memtable_.shards_[static_cast<std::size_t>(std::countr_zero(left))]);
    }
  }
  const MemTable& memtable_;
  const ShardSet shards_;
};

// --- which shards ---

/// The one hash turned, or key "a" in table "a" and "b" in "b" would fall to the same shard.
std::size_t MemTable::shard_index(std::string_view table, std::string_view key) {
  return (seeded_hash(table) ^ std::rotl(seeded_hash(key), 1)) % shard_count;
}

MemTable::ShardSet MemTable::shards_of(std::string_view table,
                                       const std::vector<std::string>& keys) {
  ShardSet shards = 0;
  for (const auto& key : keys) shards |= ShardSet{1} << shard_index(table, key);
  return shards;
}

MemTable::ShardSet MemTable::shards_of(std::string_view table, std::span<const Entry> changes) {
  ShardSet shards = 0;
  for (const auto& change : changes) shards |= ShardSet{1} << shard_index(table, change.key);
  return shards;
}

// --- reading ---

Result<std::optional<Value>> MemTable::get(std::string_view table, std::string_view key) const {
  const Shard& shard = shards_[shard_index(table, key)];
  std::optional<Value> value;
  {
    const std::lock_guard lock{shard.mutex};
    if (const Value* found = shard.tables.find(table, key)) value = *found;
  }
  if (limit_.value_bytes(value) > limit_.bytes_max) return answer_too_large(limit_);
  return value;
}

Result<Values> MemTable::get_many(std::string_view table,
                                  const std::vector<std::string>& keys) const {
  const Locks locks{*this, shards_of(table, keys)};
  Values values;
  std::size_t answer_bytes = 0;
  for (const auto& key : keys) {
    const Value* value = shards_[shard_index(table, key)].tables.find(table, key);
    values.push_back(value ? std::optional{*value} : std::nullopt);
    answer_bytes += limit_.value_bytes(values.back());
    if (answer_bytes > limit_.bytes_max) return answer_too_large(limit_);
  }
  return values;
}

Result<bool> MemTable::contains(std::string_view table, std::string_view key) const {
  const Shard& shard = shards_[shard_index(table, key)];
  const std::lock_guard lock{shard.mutex};
  return shard.tables.find(table, key) != nullptr;
}

Result<std::unique_ptr<Iterator>> MemTable::get_iter(std::string_view table) const {
  const Locks locks{*this, all_shards};
  std::vector<Entry> entries;
  std::size_t answer_bytes = 0;
  for (const Shard& shard : shards_) {
    const auto rows = shard.tables.by_name.find(table);
    if (rows == shard.tables.by_name.end()) continue;
    for (const auto& [key, value] : rows->second) {
      entries.push_back({key, value});
      answer_bytes += limit_.entry_bytes(entries.back());
      if (answer_bytes > limit_.bytes_max) return answer_too_large(limit_);
    }
  }
  return std::unique_ptr<Iterator>{std::make_unique<CopiedTable>(std::move(entries))};
}

Result<std::size_t> MemTable::length(std::string_view table) const {
  const Locks locks{*this, all_shards};
  return count(table);
}

/// Of the rows of a table; under all locks.
std::size_t MemTable::count(std::string_view table) const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const auto rows = shard.tables.by_name.find(table);
    if (rows != shard.tables.by_name.end()) count += rows->second.size();
  }
  return count;
}

// --- writing: every form is a list of changes ---

Result<std::optional<Value>> MemTable::set(std::string_view table, const Entry& entry) {
  auto previous = apply(table, {&entry, 1});
  if (!previous) return previous.error();
  return std::move(previous->front());
}

Result<Values> MemTable::set_many(std::string_view table, const std::vector<Entry>& entries) {
  return apply(table, entries);
}

Result<std::optional<Value>> MemTable::del(std::string_view table, std::string_view key) {
  return set(table, Entry{std::string{key}, std::nullopt});
}

Result<Values> MemTable::del_many(std::string_view table, const std::vector<std::string>& keys) {
  std::vector<Entry> changes;
  for (const auto& key : keys) changes.push_back({key, std::nullopt});
  return set_many(table, changes);
}

/// Makes the changes one after the other: under the locks nobody sees what happens in between.
/// Gives the values that were there.
Result<Values> MemTable::apply(std::string_view table, std::span<const Entry> changes) {
  Values values;  // before the locks are taken those to put there, afterwards those that were there
  for (const auto& change : changes) values.push_back(change.value);
  const Locks locks{*this, shards_of(table, changes)};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& key = changes[i].key;
    Tables& tables = shards_[shard_index(table, key)].tables;
    values[i] = tables.exchange(table, key, std::move(values[i]));
  }
  return values;
}

}  // namespace kv
