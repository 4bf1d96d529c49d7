#include "table/memtable.hpp"

namespace kv {

void MemTable::prefetch(std::string_view table, std::string_view key) const {
  const Name in{table}, name{key};
  const Shard& shard = shards_[shard_index(in, name)];
  const std::unique_lock lock{shard.mutex, std::try_to_lock};
  if (!lock) return;  // to wait would be worse than to miss
  const auto rows = shard.tables.by_name.find(in);
  if (rows != shard.tables.by_name.end()) (void)rows->second.contains(NameAhead{name});
}

}  // namespace kv
