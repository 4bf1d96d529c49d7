#include "client/client_command.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <iterator>

#include "client/value_text.hpp"

namespace kv {

const char* const client_commands =
    "ping [MESSAGE], hset T K V, hget T K, hgetall T, hmset T K V [K V]..., hmget T K..., "
    "hdel T K, hmdel T K..., hexist T K, hmexist T K..., hlen T, watch T, info; "
    "a value V may have a type: str:, int:, float:, bool: or hex:";

namespace {

std::vector<std::string> keys_of(const Words& words) { return {words.begin() + 2, words.end()}; }

Result<std::vector<Entry>> entries_of(const Words& words) {
  std::vector<Entry> entries;
  for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
    auto value = value_from_text(words[i + 1]);
    if (!value) return value.error();
    entries.push_back({words[i], std::move(*value)});
  }
  return entries;
}

Result<Request> read_hset(const Words& words) {
  auto entries = entries_of(words);
  if (!entries) return entries.error();
  return Request{Hset{words[1], std::move(entries->front())}};
}

Result<Request> read_hmset(const Words& words) {
  auto entries = entries_of(words);
  if (!entries) return entries.error();
  return Request{Hmset{words[1], std::move(*entries)}};
}

struct Form {
  const char* name;
  const char* arguments;
  std::size_t words_min, words_max;
  Result<Request> (*read)(const Words& words);
};

constexpr std::size_t any = static_cast<std::size_t>(-1);

const Form forms[] = {
    {"ping", "[MESSAGE]", 1, 2,
     [](const Words& w) -> Result<Request> {
       return Request{w.size() == 2 ? Ping{w[1]} : Ping{}};
     }},
    {"hset", "T K V", 4, 4, read_hset},
    {"hget", "T K", 3, 3,
     [](const Words& w) -> Result<Request> {
       return Request{Hget{w[1], w[2]}};
     }},
    {"hgetall", "T", 2, 2,
     [](const Words& w) -> Result<Request> { return Request{Hgetall{w[1]}}; }},
    {"hmset", "T K V [K V]...", 4, any, read_hmset},
    {"hmget", "T K...", 3, any,
     [](const Words& w) -> Result<Request> {
       return Request{Hmget{w[1], keys_of(w)}};
     }},
    {"hdel", "T K", 3, 3,
     [](const Words& w) -> Result<Request> {
       return Request{Hdel{w[1], w[2]}};
     }},
    {"hmdel", "T K...", 3, any,
     [](const Words& w) -> Result<Request> {
       return Request{Hmdel{w[1], keys_of(w)}};
     }},
    {"hexist", "T K", 3, 3,
     [](const Words& w) -> Result<Request> {
       return Request{Hexist{w[1], w[2]}};
     }},
    {"hmexist", "T K...", 3, any,
     [](const Words& w) -> Result<Request> {
       return Request{Hmexist{w[1], keys_of(w)}};
     }},
    {"watch", "T", 2, 2, [](const Words& w) -> Result<Request> { return Request{Watch{w[1]}}; }},
    {"info", "", 1, 1, [](const Words&) -> Result<Request> { return Request{Info{}}; }},
    {"hlen", "T", 2, 2, [](const Words& w) -> Result<Request> { return Request{Hlen{w[1]}}; }},
};

}  // namespace

Result<Request> client_command(const Words& words) {
  const auto form = std::ranges::find(forms, boost::to_lower_copy(words[0]), &Form::name);
  if (form == std::end(forms)) {
    return Error{Status::bad_request,
                 "unknown command '" + words[0] + "'; the commands are: " + client_commands};
  }
  const bool odd_pairs = form->read == read_hmset && words.size() % 2 != 0;
  if (words.size() < form->words_min || words.size() > form->words_max || odd_pairs) {
    return Error{Status::bad_request, std::string{"usage: "} + form->name + " " + form->arguments};
  }
  return form->read(words);
}

std::string to_text(const Response& response) {
  std::string lines;
  if (!response.message.empty()) lines += response.message + "\n";
  for (const auto& value : response.values) lines += to_text(value) + "\n";
  for (const auto& pair : response.pairs) lines += pair.key + "\t" + to_text(pair.value) + "\n";
  return lines;
}

}  // namespace kv
