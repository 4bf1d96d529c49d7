#include "table/row.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>

namespace kv {
namespace {

using KeyLength = std::uint16_t;
using ValueLength = std::uint32_t;
constexpr std::size_t key_length_at = 1;
constexpr std::size_t value_length_at = key_length_at + sizeof(KeyLength);
constexpr std::size_t key_at = value_length_at + sizeof(ValueLength);

template <class T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

}  // namespace

Row::Row(std::string_view key, const Value& value) : Row{value.index(), key, value_bytes(value)} {}

Row Row::of(std::size_t kind, std::string_view key, std::string_view bytes) {
  // A text or a binary may have any bytes; of the other kinds a value is made to see, which
  // allocates nothing.
  const bool is_value = kind <= Value{Binary{}}.index() || value_of(kind, bytes).has_value();
  return is_value ? Row{kind, key, bytes} : Row{};
}

Row::Row(std::size_t kind, std::string_view key, std::string_view bytes) {
  assert(key.size() <= std::numeric_limits<KeyLength>::max());
  assert(bytes.size() <= std::numeric_limits<ValueLength>::max());
  const auto key_length = static_cast<KeyLength>(key.size());
  const auto value_length = static_cast<ValueLength>(bytes.size());
  block_ = std::make_unique_for_overwrite<char[]>(key_at + key.size() + bytes.size());
  block_[0] = static_cast<char>(kind);
  std::memcpy(&block_[key_length_at], &key_length, sizeof(key_length));
  std::memcpy(&block_[value_length_at], &value_length, sizeof(value_length));
  key.copy(&block_[key_at], key.size());
  bytes.copy(&block_[key_at] + key.size(), bytes.size());
}

std::string_view Row::key() const {
  return {&block_[key_at], load<KeyLength>(&block_[key_length_at])};
}

std::string_view Row::bytes_of_value() const {
  return {&block_[key_at] + key().size(), load<ValueLength>(&block_[value_length_at])};
}

std::string_view Row::block() const {
  return {&block_[0], key_at + key().size() + bytes_of_value().size()};
}

Value Row::value() const {
  return *value_of(static_cast<unsigned char>(block_[0]), bytes_of_value());
}

}  // namespace kv
