#include "wire/codec.hpp"

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

// --- the words of a command, each kind in its own way ---

Request ping(Words& words) { return words.size() == 2 ? Ping{std::move(words[1])} : Ping{}; }

template <class Command>
Request on_table(Words& words) {
  return Command{std::move(words[1])};
}

template <class Command>
Request on_key(Words& words) {
  return Command{std::move(words[1]), std::move(words[2])};
}

template <class Command>
Request on_keys(Words& words) {
  return Command{std::move(words[1]),
                 {std::move_iterator{words.begin() + 2}, std::move_iterator{words.end()}}};
}

Request set(Words& words) {
  Hset command{std::move(words[1]), {}};
  for (std::size_t i = 2; i < words.size(); i += 2)
    command.entries.push_back({std::move(words[i]), std::move(words[i + 1])});
  return command;
}

/// How to read a command: with how many words, its own name among them; into what; answered how.
struct Form {
  bool (*takes)(std::size_t words);
  Request (*read)(Words& words);
  ReplyShape shape;
};

bool one_or_two(std::size_t words) { return words <= 2; }
bool two(std::size_t words) { return words == 2; }
bool three(std::size_t words) { return words == 3; }
bool three_or_more(std::size_t words) { return words >= 3; }
bool pairs_of_words(std::size_t words) { return words >= 4 && words % 2 == 0; }

const std::map<std::string, Form, std::less<>> forms{
    {"ping", {one_or_two, ping, ReplyShape::pong}},
    {"hget", {three, on_key<Hget>, ReplyShape::value}},
    {"hgetall", {two, on_table<Hgetall>, ReplyShape::pairs}},
    {"hmget", {three_or_more, on_keys<Hmget>, ReplyShape::values}},
    {"hset", {pairs_of_words, set, ReplyShape::count}},
    {"hmset", {pairs_of_words, set, ReplyShape::done}},
    {"hdel", {three_or_more, on_keys<Hdel>, ReplyShape::count}},
    {"hexists", {three, on_key<Hexist>, ReplyShape::count}},
    {"hlen", {two, on_table<Hlen>, ReplyShape::count}},
};

void append_value(std::string& out, const std::optional<Value>& value) {
  if (!value) return resp::append_nil(out);
  resp::append_bulk(out, *value);
}

std::size_t wire_bytes_of_value(const std::optional<Value>& value) {
  if (!value) return std::string_view{"$-1\r\n"}.size();
  const std::size_t digits = std::to_string(value->size()).size();
  return 1 + digits + 2 + value->size() + 2;  // "$", the length, and a CRLF behind each
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
    case ReplyShape::count:
      return resp::append_integer(out, static_cast<std::int64_t>(response.count));
    case ReplyShape::done: return resp::append_simple(out, "OK");
  }
}

AnswerLimit answer_limit() { return {answer_bytes_max, wire_bytes_of_value, wire_bytes_of_entry}; }

}  // namespace kv
