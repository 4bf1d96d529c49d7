#include "wire/codec.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "wire/resp.hpp"

namespace kv {
namespace {

constexpr std::size_t shown_max = 128;  // as much of a word as Redis shows in an error

Error unknown_command(const Words& words) {
  std::string shown;
  for (std::size_t i = 1; i < words.size() && shown.size() < shown_max; ++i) {
    shown += "'" + words[i].substr(0, shown_max - shown.size()) + "' ";
  }
  return Error{Status::bad_request, "unknown command '" + words[0].substr(0, shown_max) +
                                        "', with args beginning with: " + shown};
}

std::vector<std::string> keys_of(Words& words) {
  return {std::move_iterator{words.begin() + 2}, std::move_iterator{words.end()}};
}

std::vector<Entry> entries_of(Words& words) {
  std::vector<Entry> entries;
  for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
    entries.push_back({std::move(words[i]), std::move(words[i + 1])});
  }
  return entries;
}

bool is_pairs(std::size_t words) { return words >= 4 && words % 2 == 0; }

/// How to read a command: with how many words, its own name among them; into what; answered how.
struct Form {
  bool (*takes)(std::size_t words);
  Request (*read)(Words& words);
  ReplyShape shape;
};

const std::map<std::string, Form, std::less<>> forms{
    {"ping",
     {[](std::size_t n) { return n <= 2; },
      [](Words& w) -> Request { return w.size() == 2 ? Ping{std::move(w[1])} : Ping{}; },
      ReplyShape::pong}},
    {"hget",
     {[](std::size_t n) { return n == 3; },
      [](Words& w) -> Request {
        return Hget{std::move(w[1]), std::move(w[2])};
      },
      ReplyShape::value}},
    {"hgetall",
     {[](std::size_t n) { return n == 2; },
      [](Words& w) -> Request { return Hgetall{std::move(w[1])}; }, ReplyShape::pairs}},
    {"hmget",
     {[](std::size_t n) { return n >= 3; },
      [](Words& w) -> Request {
        return Hmget{std::move(w[1]), keys_of(w)};
      },
      ReplyShape::values}},
    {"hset",
     {is_pairs,
      [](Words& w) -> Request {
        return Hmset{std::move(w[1]), entries_of(w)};
      },
      ReplyShape::added}},
    {"hmset",
     {is_pairs,
      [](Words& w) -> Request {
        return Hmset{std::move(w[1]), entries_of(w)};
      },
      ReplyShape::done}},
    {"hdel",
     {[](std::size_t n) { return n >= 3; },
      [](Words& w) -> Request {
        return Hmdel{std::move(w[1]), keys_of(w)};
      },
      ReplyShape::removed}},
    {"hexists",
     {[](std::size_t n) { return n == 3; },
      [](Words& w) -> Request {
        return Hexist{std::move(w[1]), std::move(w[2])};
      },
      ReplyShape::flag}},
    {"hlen",
     {[](std::size_t n) { return n == 2; },
      [](Words& w) -> Request { return Hlen{std::move(w[1])}; }, ReplyShape::count}},
};

void append_value(std::string& out, const std::optional<Value>& value) {
  if (!value) return resp::append_nil(out);
  resp::append_bulk(out,
                    std::get<std::string>(*value));  // no other type can come in over this wire
}

std::int64_t count_present(const Values& values) {
  return std::count_if(values.begin(), values.end(),
                       [](const auto& value) { return value.has_value(); });
}

std::size_t wire_bytes_of_value(const std::optional<Value>& value) {
  const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
  if (!text) return std::string_view{"$-1\r\n"}.size();  // or ":1" CRLF of a flag, which is less
  std::size_t digits = 1;
  for (auto left = text->size(); left >= 10; left /= 10) ++digits;
  return 1 + digits + 2 + text->size() + 2;  // "$", the length, and a CRLF behind each
}

std::size_t wire_bytes_of_entry(const Entry& entry) {
  return wire_bytes_of_value(entry.key) + wire_bytes_of_value(entry.value);
}

}  // namespace

Result<Call> decode(Words words) {
  std::string name = words[0];
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto form = forms.find(name);
  if (form == forms.end()) return unknown_command(words);
  if (!form->second.takes(words.size())) {
    return Error{Status::bad_request, "wrong number of arguments for '" + name + "' command"};
  }
  const bool echo = form->second.shape == ReplyShape::pong && words.size() == 2;
  return Call{form->second.read(words), echo ? ReplyShape::echo : form->second.shape};
}

void encode(const Response& response, ReplyShape shape, std::string& out) {
  const bool absent = response.status == Status::not_found && shape == ReplyShape::value;
  if (absent) return resp::append_nil(out);
  if (response.status != Status::ok) return resp::append_error(out, "ERR " + response.message);

  const Values& values = response.values;
  switch (shape) {
    case ReplyShape::pong: return resp::append_simple(out, response.message);
    case ReplyShape::echo: return resp::append_bulk(out, response.message);
    case ReplyShape::value: return append_value(out, values[0]);
    case ReplyShape::values:
      resp::append_array(out, values.size());
      for (const auto& value : values) append_value(out, value);
      return;
    case ReplyShape::pairs:
      resp::append_array(out, 2 * response.pairs.size());
      for (const auto& pair : response.pairs) {
        resp::append_bulk(out, pair.key);
        append_value(out, pair.value);
      }
      return;
    case ReplyShape::added:
      return resp::append_integer(out,
                                  static_cast<std::int64_t>(values.size()) - count_present(values));
    case ReplyShape::done: return resp::append_simple(out, "OK");
    case ReplyShape::removed: return resp::append_integer(out, count_present(values));
    case ReplyShape::flag: return resp::append_integer(out, std::get<bool>(*values[0]) ? 1 : 0);
    case ReplyShape::count: return resp::append_integer(out, std::get<std::int64_t>(*values[0]));
  }
}

AnswerLimit answer_limit() {
  constexpr bool sends_previous = false;  // a write is answered with a number, or OK
  return {answer_bytes_max, wire_bytes_of_value, wire_bytes_of_entry, sends_previous};
}

}  // namespace kv
