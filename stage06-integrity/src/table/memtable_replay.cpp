// What a start does with a memtable, before anybody else has it.

#include <mutex>
#include <utility>

#include "table/memtable.hpp"

namespace kv {

void MemTable::replay(std::string_view table, std::string_view key, std::optional<Value> value) {
  Shard& shard = shards_[shard_index(table, key)];
  const std::lock_guard lock{shard.mutex};
  (void)shard.tables.exchange(table, key, std::move(value));
}

void MemTable::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    shard.tables = {};
  }
}

}  // namespace kv
