#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "row.hpp"

namespace kv {

/// Hash and equality by text, whether it is a table's name, a key looked for, or the key of a row.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
  std::size_t operator()(const Row& row) const { return (*this)(row.key()); }
};
struct SameName {
  using is_transparent = void;
  static std::string_view text(std::string_view name) { return name; }
  static std::string_view text(const Row& row) { return row.key(); }
  bool operator()(const auto& a, const auto& b) const { return text(a) == text(b); }
};

using Rows = boost::unordered_flat_set<Row, NameHash, SameName>;

/// That part of all tables which falls to one shard. Has no lock; a table without rows is not kept.
struct Tables {
  boost::unordered_flat_map<std::string, Rows, NameHash, SameName> by_name;
  std::size_t row_bytes = 0;  ///< of all rows

  /// nullptr when there is none; valid until the next exchange.
  const Row* find(std::string_view table, std::string_view key) const;

  /// Puts `row` where `key` is, an empty one to remove it; gives back the row that was there, or an
  /// empty one.
  Row exchange(std::string_view table, std::string_view key, Row row);
};

}  // namespace kv
