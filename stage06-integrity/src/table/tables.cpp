#include "table/tables.hpp"

#include <utility>

namespace kv {
namespace {

std::size_t bytes_of(std::string_view key, const Value& value) {
  constexpr std::size_t row_header_bytes = 7;  // kind and lengths, as where it is stored
  return row_header_bytes + key.size() + value_bytes(value).size();
}

}  // namespace

const Value* Tables::find(std::string_view table, std::string_view key) const {
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) return nullptr;
  const auto row = rows->second.find(key);
  return row == rows->second.end() ? nullptr : &row->second;
}

std::optional<Value> Tables::exchange(std::string_view table, std::string_view key,
                                      std::optional<Value> value) {
  const std::size_t bytes = value ? bytes_of(key, *value) : 0;
  const auto rows = by_name.find(table);
  if (rows == by_name.end()) {
    if (!value) return std::nullopt;
    Rows only;
    only.emplace(key, std::move(*value));
    by_name.emplace(table, std::move(only));
    row_bytes += bytes;
    return std::nullopt;
  }
  const auto row = rows->second.find(key);
  if (row == rows->second.end()) {
    if (value) rows->second.emplace(key, std::move(*value));
    row_bytes += bytes;
    return std::nullopt;
  }
  row_bytes += bytes;
  row_bytes -= bytes_of(key, row->second);
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
