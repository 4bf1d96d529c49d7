#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "table/row.hpp"
#include "table/siphash.hpp"

namespace kv {

/// A text to look for, with its hash: computed once, needed several times.
struct Name {
  template <std::convertible_to<std::string_view> Text>
  explicit(false) Name(const Text& from) : text{from}, hash{seeded_hash(text)} {}

  std::string_view text;
  std::size_t hash;
};

/// To look for in place of a Name whose row is needed soon: the row that its hash leads to is
/// prefetched. To compare keys would mean to wait, so now and then it is another row.
struct NameAhead {
  Name name;
};

/// Hash and equality by text, whether it is a table's name, a key looked for, or the key of a row.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(const Name& name) const { return name.hash; }
  std::size_t operator()(const Row& row) const { return Name{row.key()}.hash; }
  std::size_t operator()(const NameAhead& ahead) const { return ahead.name.hash; }
};
struct SameName {
  using is_transparent = void;
  static std::string_view text(const Name& name) { return name.text; }
  static std::string_view text(std::convertible_to<std::string_view> auto const& name) {
    return name;
  }
  static std::string_view text(const Row& row) { return row.key(); }
  bool operator()(const auto& a, const auto& b) const { return text(a) == text(b); }
  bool operator()(const NameAhead&, const Row& row) const {
    row.prefetch();
    return true;
  }
};

using Rows = boost::unordered_flat_set<Row, NameHash, SameName>;

/// That part of all tables which falls to one shard. Has no lock; a table without rows is not kept.
struct Tables {
  boost::unordered_flat_map<std::string, Rows, NameHash, SameName> by_name;
  std::size_t row_bytes = 0;  ///< of all rows

  /// nullptr when there is none; valid until the next exchange.
  const Row* find(const Name& table, const Name& key) const;

  /// Puts `row` where `key` is, an empty one to remove it; gives back the row that was there, or an
  /// empty one.
  Row exchange(const Name& table, const Name& key, Row row);
};

}  // namespace kv
