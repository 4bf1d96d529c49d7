// What a start does with a memtable, before anybody else has it.

#include <mutex>
#include <utility>

#include "table/memtable.hpp"

namespace kv {
namespace {

/// A set that is full makes itself larger at the next insertion, and reads the key of each row for
/// that, all over the memory, and waits each time. Here memory is asked some rows ahead: a start
/// takes half the time.
void grow(Rows& rows) {
  constexpr int rows_ahead = 16;
  Rows larger;
  larger.reserve(2 * rows.size() + 1);
  auto ahead = rows.begin();
  for (int i = 0; i < rows_ahead && ahead != rows.end(); ++i, ++ahead) ahead->prefetch();
  for (const Row& row : rows) {
    if (ahead != rows.end()) (ahead++)->prefetch();
    Row taken;
    row.swap(taken);  // the set is not asked any more
    larger.insert(std::move(taken));
  }
  rows = std::move(larger);
}

}  // namespace

void MemTable::replay(std::string_view table, std::string_view key, Row row) {
  const Name in{table}, name{key};
  Shard& shard = shards_[shard_index(in, name)];
  const std::lock_guard lock{shard.mutex};
  const auto rows = shard.tables.by_name.find(in);
  if (rows != shard.tables.by_name.end() && rows->second.size() == rows->second.max_load())
    grow(rows->second);
  (void)shard.tables.exchange(in, name, std::move(row));
}

void MemTable::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock{shard.mutex};
    shard.tables = {};
  }
}

}  // namespace kv
