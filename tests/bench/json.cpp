#include "json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace kv::bench {

Json& Json::open(char bracket) {
  begin_item();
  text_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

Json& Json::close(char bracket) {
  --depth_;
  if (!first_) new_line();
  text_ += bracket;
  first_ = false;
  return *this;
}

Json& Json::key(std::string_view key) {
  value(key);
  text_ += ": ";
  after_key_ = true;
  return *this;
}

Json& Json::value(std::string_view text) {
  begin_item();
  text_ += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      std::array<char, 7> escape{};
      (void)std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned char>(c));
      text_ += escape.data();
    } else {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
  }
  text_ += '"';
  return *this;
}

Json& Json::value(double number) {
  begin_item();
  if (!std::isfinite(number)) {
    text_ += "null";
    return *this;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 std::chars_format::general, 9)
                       .ptr;
  text_.append(digits.data(), end);
  return *this;
}

Json& Json::value(bool truth) {
  begin_item();
  text_ += truth ? "true" : "false";
  return *this;
}

void Json::begin_item() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) text_ += ',';
  first_ = false;
  new_line();
}

void Json::new_line() {
  text_ += '\n';
  text_.append(2 * depth_, ' ');
}

}  // namespace kv::bench
