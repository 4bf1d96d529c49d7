#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

// Numbers in files: little-endian, which is what the machine has, so that structs of a file are
// read and written as they lie in memory.

namespace kv {

static_assert(std::endian::native == std::endian::little,
              "the files of other machines would differ");

template <class T>
requires std::is_trivially_copyable_v<T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
requires std::is_trivially_copyable_v<T> T
load(std::string_view bytes, std::size_t at = 0) {  // the caller has looked at the length
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace kv
