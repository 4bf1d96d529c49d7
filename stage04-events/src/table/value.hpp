#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace kv {

/// Bytes that are no text.
struct Binary {
  std::string bytes;
  bool operator==(const Binary&) const = default;
};

/// What a key stands for: comes back with the type that it was set with.
using Value = std::variant<std::string, Binary, std::int64_t, double, bool>;

/// A value taken apart into its kind, value.index(), and its bytes: of a text its characters, of a
/// number its own, in the machine's order. The view is into `value`.
std::string_view value_bytes(const Value& value);

/// Puts it together again; nullopt when there is no such kind, or it never has so many bytes.
std::optional<Value> value_of(std::size_t kind, std::string_view bytes);

/// A key and its value; no value where the key is absent.
struct Entry {
  std::string key;
  std::optional<Value> value;
  bool operator==(const Entry&) const = default;
};

}  // namespace kv
