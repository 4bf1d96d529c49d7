// What a start does with a memtable, before anybody else has it.

#include <mutex>
#include <utility>

#include "memtable.hpp"

namespace kv {

void MemTable::replay(std::string_view table, std::string_view key, Row row) {
  const Name in{table}, name{key};
  Shard& shard = shards_[shard_index(in, name)];
  const std::lock_guard lock{shard.mutex};
  (void)shard.tables.exchange(in, name, std::move(row));
}

void MemTable::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    shard.tables = {};
  }
}

}  // namespace kv
