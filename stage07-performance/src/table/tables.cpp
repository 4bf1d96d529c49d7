#include "table/tables.hpp"

#include <utility>

namespace kv {

const Row* Tables::find(const Name& table, const Name& key) const {
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) return nullptr;
  const auto row = rows->second.find(key);
  return row == rows->second.end() ? nullptr : &*row;
}

Row Tables::exchange(const Name& table, const Name& key, Row row) {
  const std::size_t bytes = row ? row.block().size() : 0;
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) {
    if (!row) return {};
    Rows only;
    only.insert(std::move(row));
    by_name.emplace(table.text, std::move(only));
    row_bytes += bytes;
    return {};
  }
  const auto at = rows->second.find(key);
  if (at == rows->second.end()) {
    if (row) rows->second.insert(std::move(row));
    row_bytes += bytes;
    return {};
  }
  const bool remove = !row;
  row_bytes -= at->block().size();
  row_bytes += bytes;
  at->swap(row);
  if (remove) rows->second.erase(at);
  if (rows->second.empty()) by_name.erase(rows);
  return row;
}

}  // namespace kv
