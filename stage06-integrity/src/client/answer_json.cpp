#include "client/answer_json.hpp"

#include <boost/algorithm/hex.hpp>

#include <cmath>

#include "client/value_text.hpp"

namespace kv {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = [text](std::size_t j) { return static_cast<unsigned char>(text[j]); };
    const bool wide = at(i) == 0xc2 && i + 1 < text.size() && at(i + 1) < 0xa0;
    if (wide) ++i;  // U+0080 to U+009F, which a terminal would obey as it does the others
    if (wide || at(i) < 0x20 || at(i) == 0x7f) {
      out += "\\u00" + boost::algorithm::hex_lower(std::string{text[i]});
    } else {
      if (text[i] == '"' || text[i] == '\\') out += '\\';
      out += text[i];
    }
  }
  return out + '"';
}

struct Json {
  std::string operator()(const std::string& text) const { return json_string(text); }
  std::string operator()(const Binary& binary) const {
    return R"({"hex":")" + boost::algorithm::hex_lower(binary.bytes) + R"("})";
  }
  std::string operator()(std::int64_t number) const {
    constexpr std::int64_t exact_max = std::int64_t{1} << 53;
    const bool exact = number >= -exact_max && number <= exact_max;
    return exact ? to_text(Value{number}) : R"({"int":")" + to_text(Value{number}) + R"("})";
  }
  std::string operator()(double number) const {
    if (std::isnan(number)) return R"({"float":"nan"})";
    const auto digits = to_text(Value{number});
    if (std::isinf(number)) return R"({"float":")" + digits + R"("})";
    return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
  }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

std::string json(const std::optional<Value>& value) {
  return value ? std::visit(Json{}, *value) : "null";
}

}  // namespace

std::string to_json(const Response& response) {
  std::string out = R"({"status":)" + std::to_string(static_cast<unsigned>(response.status)) +
                    R"(,"message":)" + json_string(response.message) + R"(,"values":[)";
  const char* comma = "";
  for (const auto& value : response.values) out += std::exchange(comma, ",") + json(value);
  out += R"(],"pairs":[)";
  comma = "";
  for (const auto& [key, value] : response.pairs) {
    out += std::exchange(comma, ",") + (R"({"key":)" + json_string(key)) + R"(,"value":)" +
           json(value) + "}";
  }
  return out + "]}";
}

std::string to_json(const Error& error) {
  return to_json(Response{.status = error.status, .message = error.message});
}

}  // namespace kv
