#include "reply.hpp"

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace kv::bench {
namespace {

[[noreturn]] void no_reply(const char* what) {
  throw std::runtime_error{std::string{"the server sent what is no reply: "} + what};
}

// ---- frames ----

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
  no_reply("a varint without an end");
}

std::string_view take_bytes(std::string_view& bytes) {
  const std::uint64_t length = take_varint(bytes);
  if (length > bytes.size()) no_reply("a field longer than its message");
  const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(length));
  bytes.remove_prefix(taken.size());
  return taken;
}

enum : std::uint64_t {  // field number * 8 + type, as in fixtures/wire.hpp
  status_tag = 1 << 3 | 0,
  message_tag = 2 << 3 | 2,
  value_tag = 3 << 3 | 2,
  text_tag = 1 << 3 | 2,  // inside a value
};

void skip(std::uint64_t tag, std::string_view& bytes) {
  switch (tag & 7) {
    case 0: (void)take_varint(bytes); return;
    case 2: (void)take_bytes(bytes); return;
    default: no_reply("a field of an unknown type");
  }
}

std::optional<std::string_view> text_of(std::string_view value) {
  std::optional<std::string_view> text;
  while (!value.empty()) {
    const std::uint64_t tag = take_varint(value);
    if (tag != text_tag) return std::nullopt;  // a number: no load sets one
    text = take_bytes(value);
  }
  return text;
}

Reply decode(std::string_view message) {
  Reply reply;
  std::uint64_t status = 0;
  while (!message.empty()) {
    switch (const std::uint64_t tag = take_varint(message)) {
      case status_tag: status = take_varint(message); break;
      case message_tag: reply.message = take_bytes(message); break;
      case value_tag: {
        const auto text = text_of(take_bytes(message));
        if (!reply.value) reply.value = text;
        break;
      }
      default: skip(tag, message);
    }
  }
  reply.kind = status == 200   ? Reply::Kind::ok
               : status == 404 ? Reply::Kind::missing
                               : Reply::Kind::error;
  return reply;
}

std::optional<Reply> next_frame(std::string_view& input) {
  if (input.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (const char c : input.substr(0, 4)) length = length << 8 | static_cast<unsigned char>(c);
  if (length > reply_bytes_max) no_reply("a frame longer than any server may send");
  if (input.size() < 4 + length) return std::nullopt;
  const std::string_view message = input.substr(4, length);
  input.remove_prefix(4 + length);
  return decode(message);
}

// ---- RESP ----

std::optional<Reply> next_bulk(std::string_view line, std::string_view after,
                               std::string_view& input) {
  int length = 0;
  const char* const end = line.data() + line.size();
  const auto [stopped, error] = std::from_chars(line.data(), end, length);
  if (error != std::errc{} || stopped != end || length < -1) no_reply("a bulk without a length");
  if (length == -1) {
    input = after;
    return Reply{.kind = Reply::Kind::missing};
  }
  const auto bytes = static_cast<std::size_t>(length);
  if (bytes > reply_bytes_max) no_reply("a bulk longer than any server may send");
  if (after.size() < bytes + 2) return std::nullopt;
  if (after.substr(bytes, 2) != "\r\n") no_reply("a bulk without its end");
  input = after.substr(bytes + 2);
  return Reply{.value = after.substr(0, bytes)};
}

std::optional<Reply> next_line(std::string_view& input) {
  const std::size_t end = input.find("\r\n");
  if (end == std::string_view::npos) {
    if (!input.empty() && std::string_view{"+-:$"}.find(input.front()) == std::string_view::npos)
      no_reply("a line of an unknown type");
    return std::nullopt;
  }
  const char type = input.front();
  const std::string_view line = input.substr(1, end - 1);
  const std::string_view after = input.substr(end + 2);
  if (type == '$') return next_bulk(line, after, input);
  input = after;
  switch (type) {
    case '+': return Reply{.message = line};
    case ':': return Reply{.value = line};
    case '-': return Reply{.kind = Reply::Kind::error, .message = line};
    default: no_reply("a line of an unknown type");
  }
}

}  // namespace

std::optional<Reply> next_reply(Protocol protocol, std::string_view& input) {
  return protocol == Protocol::frame ? next_frame(input) : next_line(input);
}

}  // namespace kv::bench
