#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "table/storage.hpp"

namespace kv {

/// Iterates over entries that it owns.
class CopiedTable : public Iterator {
 public:
  explicit CopiedTable(std::vector<Entry> entries) : entries_{std::move(entries)} {}

  std::optional<Entry> next() override {
    if (next_ == entries_.size()) return std::nullopt;
    return std::move(entries_[next_++]);
  }

 private:
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

}  // namespace kv
