#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "table/siphash.hpp"
#include "table/value.hpp"

namespace kv {

/// Seeded, so that nobody can make keys that all fall to one place; of a view as of a string, so
/// that to look for one needs no copy of it.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return seeded_hash(name); }
};

template <class T>
using ByName = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

using Rows = ByName<Value>;

/// That part of all tables which falls to one shard. Has no lock; a table without rows is not kept.
struct Tables {
  ByName<Rows> by_name;

  /// nullptr when there is none; valid until the next exchange.
  const Value* find(std::string_view table, std::string_view key) const;

  /// Puts a value where `key` is, none to remove it; gives back the one that was there. Where
  /// memory runs out nothing has changed.
  std::optional<Value> exchange(std::string_view table, std::string_view key,
                                std::optional<Value> value);
};

}  // namespace kv
