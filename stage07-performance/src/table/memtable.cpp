#include "table/memtable.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <new>
#include <utility>

#include "table/copied_table.hpp"

namespace kv {
namespace {

Error answer_too_large(const AnswerLimit& limit) {
  const auto bytes = std::to_string(limit.bytes_max);
  return {Status::too_large,
          "the answer would be larger than " + bytes + " bytes; nothing changed"};
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

std::size_t MemTable::shard_index(const Name& table, const Name& key) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: spreads upwards
  return ((table.hash + std::rotl(key.hash, 1)) * odd) >> (64 - std::countr_zero(shard_count));
}

MemTable::ShardSet MemTable::shards_of(const Name& table, const std::vector<std::string>& keys) {
  ShardSet shards = 0;
  for (const auto& key : keys) shards |= ShardSet{1} << shard_index(table, key);
  return shards;
}

MemTable::ShardSet MemTable::shards_of(const Name& table, std::span<const Entry> changes) {
  ShardSet shards = 0;
  for (const auto& change : changes) shards |= ShardSet{1} << shard_index(table, change.key);
  return shards;
}

// --- reading ---

Result<std::optional<Value>> MemTable::get(std::string_view table, std::string_view key) const {
  const Name in{table}, name{key};
  const Shard& shard = shards_[shard_index(in, name)];
  std::optional<Value> value;
  {
    const std::lock_guard lock{shard.mutex};
    if (const Row* row = shard.tables.find(in, name)) value = row->value();
  }
  if (limit_.always_bytes + limit_.value_bytes(value) > limit_.bytes_max)
    return answer_too_large(limit_);
  return value;
}

Result<Values> MemTable::get_many(std::string_view table,
                                  const std::vector<std::string>& keys) const {
  const Name in{table};
  const Locks locks{*this, shards_of(in, keys)};
  Values values;
  values.reserve(keys.size());
  std::size_t answer_bytes = limit_.always_bytes;
  for (const auto& key : keys) {
    const Name name{key};
    const Row* row = shards_[shard_index(in, name)].tables.find(in, name);
    values.push_back(row ? std::optional{row->value()} : std::nullopt);
    answer_bytes += limit_.value_bytes(values.back());
    if (answer_bytes > limit_.bytes_max) return answer_too_large(limit_);
  }
  return values;
}

Result<bool> MemTable::contains(std::string_view table, std::string_view key) const {
  const Name in{table}, name{key};
  const Shard& shard = shards_[shard_index(in, name)];
  const std::lock_guard lock{shard.mutex};
  return shard.tables.find(in, name) != nullptr;
}

Result<Values> MemTable::contains_many(std::string_view table,
                                       const std::vector<std::string>& keys) const {
  if (limit_.always_bytes + keys.size() * limit_.value_bytes(true) > limit_.bytes_max)
    return answer_too_large(limit_);
  const Name in{table};
  const Locks locks{*this, shards_of(in, keys)};
  Values values;
  values.reserve(keys.size());
  for (const auto& key : keys) {
    const Name name{key};
    values.emplace_back(shards_[shard_index(in, name)].tables.find(in, name) != nullptr);
  }
  return values;
}

Result<std::unique_ptr<Iterator>> MemTable::get_iter(std::string_view table) const {
  const Name in{table};
  const Locks locks{*this, all_shards};
  std::vector<Entry> entries;
  entries.reserve(std::min(count(in), limit_.bytes_max / 8));  // the least a pair takes
  std::size_t answer_bytes = limit_.always_bytes;
  for (const Shard& shard : shards_) {
    const auto rows = shard.tables.by_name.find(in);
    if (rows == shard.tables.by_name.end()) continue;
    for (const Row& row : rows->second) {
      entries.push_back({std::string{row.key()}, row.value()});
      answer_bytes += limit_.entry_bytes(entries.back());
      if (answer_bytes > limit_.bytes_max) return answer_too_large(limit_);
    }
  }
  return std::unique_ptr<Iterator>{std::make_unique<CopiedTable>(std::move(entries))};
}

Result<std::size_t> MemTable::length(std::string_view table) const {
  const Name in{table};
  const Locks locks{*this, all_shards};
  return count(in);
}

/// Of the rows of a table; under all locks.
std::size_t MemTable::count(const Name& table) const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const auto rows = shard.tables.by_name.find(table);
    if (rows != shard.tables.by_name.end()) count += rows->second.size();
  }
  return count;
}

void MemTable::visit_shard(std::size_t index,
                           const std::function<void(const Tables&)>& visit) const {
  const std::lock_guard lock{shards_[index].mutex};
  visit(shards_[index].tables);
}

// --- writing: every form is a list of changes ---

Result<std::optional<Value>> MemTable::set(std::string_view table, const Entry& entry) {
  Row replaced;
  Result<std::optional<Value>> previous{std::nullopt};
  auto applied = apply(table, {&entry, 1}, {&replaced, 1}, {&*previous, 1});
  if (!applied) previous = applied.error();
  return previous;
}

Result<Values> MemTable::set_many(std::string_view table, const std::vector<Entry>& entries) {
  std::vector<Row> replaced(entries.size());
  Values previous(entries.size());
  auto applied = apply(table, entries, replaced, previous);
  if (!applied) return applied.error();
  return previous;
}

Result<std::optional<Value>> MemTable::del(std::string_view table, std::string_view key) {
  return set(table, Entry{std::string{key}, std::nullopt});
}

Result<Values> MemTable::del_many(std::string_view table, const std::vector<std::string>& keys) {
  std::vector<Entry> changes;
  changes.reserve(keys.size());
  for (const auto& key : keys) changes.push_back({key, std::nullopt});
  return set_many(table, changes);
}

/// Makes the changes one after the other, and takes them back, last first, when the answer turns
/// out too large, memory runs out or an observer refuses: under the locks nobody sees what happens
/// in between. In `rows` are the rows that were there, afterwards, and in `previous` their values.
Result<void> MemTable::apply(std::string_view table, std::span<const Entry> changes,
                             std::span<Row> rows, std::span<std::optional<Value>> previous) {
  for (std::size_t i = 0; i < changes.size(); ++i) {  // before the locks are taken
    if (changes[i].value) rows[i] = Row{changes[i].key, *changes[i].value};
  }
  const Name in{table};
  const Locks locks{*this, shards_of(in, changes)};
  std::size_t done = 0, answer_bytes = limit_.always_bytes;
  Result<void> accepted;
  try {
    for (std::size_t i = 0; accepted && i < changes.size(); ++i) {
      const Name name{changes[i].key};
      rows[i] = shards_[shard_index(in, name)].tables.exchange(in, name, std::move(rows[i]));
      done = i + 1;
      if (rows[i]) previous[i] = rows[i].value();
      answer_bytes += limit_.value_bytes(previous[i]);
      if (answer_bytes > limit_.bytes_max) accepted = answer_too_large(limit_);
    }
    if (accepted) accepted = tell_observers(table, changes, rows);
  } catch (const std::bad_alloc&) {
    accepted = Error{Status::storage_failed, "out of memory"};  // so short that it needs none
  }
  if (!accepted) put_back(in, changes.first(done), rows);
  return accepted;
}

/// Shows the observers what has changed: the removal of a key that was not there is no change.
Result<void> MemTable::tell_observers(std::string_view table, std::span<const Entry> changes,
                                      std::span<const Row> replaced) {
  const auto is_real = [replaced, first = changes.data()](const Entry& change) {
    return change.value || replaced[static_cast<std::size_t>(&change - first)];
  };
  std::vector<Entry> real;  // filled only when some are not, or it would be a copy of all values
  if (!std::ranges::all_of(changes, is_real)) {
    std::ranges::copy_if(changes, std::back_inserter(real), is_real);
    changes = real;
  }
  if (changes.empty()) return {};
  for (ChangeObserver* observer : observers_) {
    if (auto accepted = observer->on_change(table, changes); !accepted) return accepted;
  }
  return {};
}

void MemTable::put_back(const Name& table, std::span<const Entry> changes,
                        std::span<Row> replaced) noexcept {
  for (std::size_t i = changes.size(); i-- > 0;) {
    const Name name{changes[i].key};
    Tables& tables = shards_[shard_index(table, name)].tables;
    (void)tables.exchange(table, name, std::move(replaced[i]));
  }
}

}  // namespace kv
