#pragma once

#include <optional>
#include <string>

namespace kv {

/// What a key stands for: any bytes. Redis knows nothing else.
using Value = std::string;

/// A key and its value; no value where the key is absent.
struct Entry {
  std::string key;
  std::optional<Value> value;
  bool operator==(const Entry&) const = default;
};

}  // namespace kv
