#include "table/value.hpp"

#include <cstring>

namespace kv {
namespace {

struct Bytes {
  std::string_view operator()(const std::string& text) const { return text; }
  std::string_view operator()(const Binary& binary) const { return binary.bytes; }
  template <class Number>
  std::string_view operator()(const Number& number) const {
    return {reinterpret_cast<const char*>(&number), sizeof(Number)};
  }
};

template <class Number>
std::optional<Value> number_of(std::string_view bytes) {
  Number number;
  if (bytes.size() != sizeof(number)) return std::nullopt;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

}  // namespace

std::string_view value_bytes(const Value& value) { return std::visit(Bytes{}, value); }

std::optional<Value> value_of(std::size_t kind, std::string_view bytes) {
  switch (kind) {
    case 0: return std::string{bytes};
    case 1: return Binary{std::string{bytes}};
    case 2: return number_of<std::int64_t>(bytes);
    case 3: return number_of<double>(bytes);
    case 4:
      if (bytes.size() != 1 || (bytes[0] != 0 && bytes[0] != 1)) return std::nullopt;
      return bytes[0] == 1;
    default: return std::nullopt;
  }
}

}  // namespace kv
