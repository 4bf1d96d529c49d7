#include "client/value_text.hpp"

#include <boost/algorithm/hex.hpp>

#include <charconv>
#include <iterator>
#include <string_view>

namespace kv {
namespace {

template <class Number>
std::optional<Value> number_from(std::string_view text) {
  Number number{};
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stopped != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> binary_from(std::string_view digits) {
  Binary binary;
  try {
    boost::algorithm::unhex(digits.begin(), digits.end(), std::back_inserter(binary.bytes));
  } catch (const boost::algorithm::hex_decode_error&) {
    return std::nullopt;
  }
  return binary;
}

struct Text {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const Binary& binary) const {
    return "hex:" + boost::algorithm::hex_lower(binary.bytes);
  }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  template <class Number>
  std::string operator()(Number number) const {
    char digits[32];  // the shortest text that reads back as the same number
    return {digits, std::to_chars(digits, digits + sizeof(digits), number).ptr};
  }
};

}  // namespace

Result<Value> value_from_text(const std::string& text) {
  const auto colon = text.find(':');
  const auto type = colon == std::string::npos ? std::string{} : text.substr(0, colon);
  const auto rest = std::string_view{text}.substr(colon == std::string::npos ? 0 : colon + 1);
  std::optional<Value> value;
  if (type == "str") {
    value = std::string{rest};
  } else if (type == "int") {
    value = number_from<std::int64_t>(rest);
  } else if (type == "float") {
    value = number_from<double>(rest);
  } else if (type == "bool") {
    if (rest == "true" || rest == "false") value = rest == "true";
  } else if (type == "hex") {
    value = binary_from(rest);
  } else {
    value = text;
  }
  if (!value)
    return Error{Status::bad_request,
                 "'" + text + "': what follows " + type + ": is no such value"};
  return std::move(*value);
}

std::string to_text(const std::optional<Value>& value) {
  return value ? std::visit(Text{}, *value) : "(nil)";
}

std::string escaped_controls(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const bool wide = at(0) == 0xc2 && text.size() > 1 && at(1) < 0xa0;  // U+0080 to U+009F
    const auto length = wide ? 2u : 1u;
    const bool control = wide || at(0) < 0x20 || at(0) == 0x7f;
    for (const char c : text.substr(0, length)) {
      out += control ? "\\x" + boost::algorithm::hex_lower(std::string{c}) : std::string{c};
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace kv
