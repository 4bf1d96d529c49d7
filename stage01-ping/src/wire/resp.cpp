#include "wire/resp.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace kv {
namespace resp {

void append_simple(std::string& out, std::string_view text) {
  out.append("+").append(text).append("\r\n");
}

void append_error(std::string& out, std::string_view text) {
  out += '-';
  for (const char c : text) out += (c == '\r' || c == '\n') ? ' ' : c;
  out += "\r\n";
}

void append_integer(std::string& out, std::int64_t number) {
  out.append(":").append(std::to_string(number)).append("\r\n");
}

void append_bulk(std::string& out, std::string_view bytes) {
  out.append("$").append(std::to_string(bytes.size())).append("\r\n").append(bytes).append("\r\n");
}

void append_nil(std::string& out) { out += "$-1\r\n"; }

void append_array(std::string& out, std::size_t count) {
  out.append("*").append(std::to_string(count)).append("\r\n");
}

std::optional<std::int64_t> to_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [stopped, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || stopped != digits.data() + digits.size()) return std::nullopt;
  if (std::to_string(number) != digits) return std::nullopt;
  return number;
}

bool is_name(std::string_view word, std::string_view name) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return std::ranges::equal(word, name, {}, lower, lower);
}

}  // namespace resp

namespace {

Error protocol_error(std::string_view what) {
  return Error{Status::bad_request, "Protocol error: " + std::string{what}};
}

/// Takes a line and the `end_bytes` that begin with `end` off the front of `input`; nullopt while
/// they have not all come.
Result<std::optional<std::string_view>> take_line(std::string_view& input, char end,
                                                  std::size_t end_bytes,
                                                  std::string_view too_long) {
  const auto length = input.find(end);
  if (std::min(length, input.size()) > resp::line_bytes_max) return protocol_error(too_long);
  if (length == std::string_view::npos || input.size() < length + end_bytes) return std::nullopt;
  const auto line = input.substr(0, length);
  input.remove_prefix(length + end_bytes);
  return line;
}

}  // namespace

Result<std::optional<Words>> RespReader::next(std::string_view& input) {
  while (words_missing_ == 0) {  // between two commands
    if (input.empty()) return std::nullopt;
    if (input.front() != '*') {
      const auto line = take_line(input, '\n', 1, "too big inline request");
      if (!line) return line.error();
      if (!*line) return std::nullopt;
      auto words = split_words(**line);
      if (!words) return protocol_error("unbalanced quotes in request");
      if (!words->empty()) return words;
    } else {
      const auto line = take_line(input, '\r', 2, "too big mbulk count string");
      if (!line) return line.error();
      if (!*line) return std::nullopt;
      const auto count = resp::to_number((*line)->substr(1));
      if (!count || *count > resp::words_max) return protocol_error("invalid multibulk length");
      words_missing_ = std::max<std::int64_t>(*count, 0);  // "*0" and "*-1" ask for nothing
    }
  }
  for (; words_missing_ > 0; --words_missing_) {
    auto word = next_bulk(input);
    if (!word) return word.error();
    if (!*word) return std::nullopt;
    words_.push_back(std::move(**word));
  }
  request_bytes_ = 0;
  return std::exchange(words_, {});
}

Result<std::optional<std::string>> RespReader::next_bulk(std::string_view& input) {
  if (input.empty()) return std::nullopt;
  if (input.front() != '$')
    return protocol_error("expected '$', got '" + std::string{input.front()} + "'");
  auto rest = input;
  const auto line = take_line(rest, '\r', 2, "too big bulk count string");
  if (!line) return line.error();
  if (!*line) return std::nullopt;
  const auto length = resp::to_number((*line)->substr(1));
  if (!length || *length < 0 || *length > static_cast<std::int64_t>(resp::request_bytes_max)) {
    return protocol_error("invalid bulk length");
  }
  const auto bytes = static_cast<std::size_t>(*length);
  if (request_bytes_ + bytes > resp::request_bytes_max) return protocol_error("too big request");
  if (rest.size() < bytes + 2) return std::nullopt;  // 2: CRLF, or any other two
  request_bytes_ += bytes;
  input = rest.substr(bytes + 2);
  return std::string{rest.substr(0, bytes)};
}

}  // namespace kv
