#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "table/value.hpp"

namespace kv {

using Values = std::vector<std::optional<Value>>;  // nullopt: there was none

/// How many bytes one answer may take on the wire, and what a piece of it takes there: the codec
/// knows, the storage adds up.
struct AnswerLimit {
  std::size_t bytes_max;
  std::size_t (*value_bytes)(const std::optional<Value>&);
  std::size_t (*entry_bytes)(const Entry&);
};

/// The entries of one table as it was when the iterator was made, in any order.
class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual std::optional<Entry> next() = 0;  ///< nullopt: that was all
};

/// Tables of keys and values. Any thread may call anything at any time, and each call happens at
/// one moment: the many-key forms too are seen, and survive, whole or not at all. A repeated key
/// acts in sequence. A read never makes a table; a table without keys is no table.
///
/// Every call may fail: memory hardly does, a disk can, and an answer can be too large to send.
/// Then nothing has changed. But where memory runs out a call throws std::bad_alloc, and the first
/// keys of a set_many or del_many may stay changed, for everybody to see.
class Storage {
 public:
  virtual ~Storage() = default;

  virtual Result<std::optional<Value>> get(std::string_view table, std::string_view key) const = 0;
  virtual Result<Values> get_many(std::string_view table,
                                  const std::vector<std::string>& keys) const = 0;

  virtual Result<bool> contains(std::string_view table, std::string_view key) const = 0;

  /// Entries have values. The answer: what was there before, for each; of any size.
  virtual Result<std::optional<Value>> set(std::string_view table, const Entry& entry) = 0;
  virtual Result<Values> set_many(std::string_view table, const std::vector<Entry>& entries) = 0;

  /// The answer: what has been removed, for each key.
  virtual Result<std::optional<Value>> del(std::string_view table, std::string_view key) = 0;
  virtual Result<Values> del_many(std::string_view table, const std::vector<std::string>& keys) = 0;

  virtual Result<std::unique_ptr<Iterator>> get_iter(std::string_view table) const = 0;
  virtual Result<std::size_t> length(std::string_view table) const = 0;

  /// All that get_iter gives.
  Result<std::vector<Entry>> get_all(std::string_view table) const;
};

}  // namespace kv
