#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "table/value.hpp"

namespace kv {

/// A key and its value in one heap block; a million of them take little more than their bytes:
///
///    0     1            3              7
///   +------+------------+--------------+-----+-------+
///   | kind | key length | value length | key | value |     lengths in the machine's byte order
///   +------+------------+--------------+-----+-------+
///
/// The kind and the bytes are those of value.hpp. A moved-from or default Row is empty: no block at
/// all.
class Row {
 public:
  Row() = default;
  Row(std::string_view key, const Value& value);  ///< key up to 65,535 bytes, value up to 4 GiB - 1

  /// From the kind and bytes of a value; an empty row when no value has these.
  static Row of(std::size_t kind, std::string_view key, std::string_view bytes);

  explicit operator bool() const { return block_ != nullptr; }
  std::string_view key() const;
  Value value() const;

  /// Has memory look for it, and does not wait: for its first two cache lines of 64 bytes.
  void prefetch() const {
    __builtin_prefetch(block_.get());
    __builtin_prefetch(block_.get() + 64);
  }
  std::string_view block() const;  ///< all of it, as drawn above

  /// Exchanges two rows, also where one stands in a set that hands out const rows only. Both have
  /// the same key, or the one in the set is erased next: its place in the set depends on its key
  /// alone.
  void swap(Row& other) const { block_.swap(other.block_); }

 private:
  Row(std::size_t kind, std::string_view key, std::string_view bytes);
  std::string_view bytes_of_value() const;

  mutable std::unique_ptr<char[]> block_;
};

}  // namespace kv
