#include "table/tables.hpp"

#include <utility>

namespace kv {

const Value* Tables::find(std::string_view table, std::string_view key) const {
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) return nullptr;
  const auto row = rows->second.find(key);
  return row == rows->second.end() ? nullptr : &row->second;
}

std::optional<Value> Tables::exchange(std::string_view table, std::string_view key,
                                      std::optional<Value> value) {
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) {
    if (!value) return std::nullopt;
    Rows only;
    only.emplace(key, std::move(*value));
    by_name.emplace(table, std::move(only));
    return std::nullopt;
  }
  const auto row = rows->second.find(key);
  if (row == rows->second.end()) {
    if (value) rows->second.emplace(key, std::move(*value));
    return std::nullopt;
  }
  std::optional<Value> before{std::move(row->second)};
  if (value) {
    row->second = std::move(*value);
  } else {
    rows->second.erase(row);
    if (rows->second.empty()) by_name.erase(rows);
  }
  return before;
}

}  // namespace kv
