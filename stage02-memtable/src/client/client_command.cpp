#include "client/client_command.hpp"

#include <algorithm>
#include <iterator>

namespace kv {

const char* const client_commands =
    "ping [MESSAGE], hset T K V, hget T K, hgetall T, hmset T K V [K V]..., hmget T K..., "
    "hdel T K, hmdel T K..., hexist T K, hmexist T K..., hlen T";

namespace {

struct Form {
  const char* name;
  const char* arguments;
  const char* sent_as;  // Redis's name for it
  std::size_t words_min, words_max;
};

constexpr std::size_t any = static_cast<std::size_t>(-1);

constexpr Form forms[] = {
    {"ping", "[MESSAGE]", "PING", 1, 2},
    {"hset", "T K V", "HSET", 4, 4},
    {"hget", "T K", "HGET", 3, 3},
    {"hgetall", "T", "HGETALL", 2, 2},
    {"hmset", "T K V [K V]...", "HMSET", 4, any},
    {"hmget", "T K...", "HMGET", 3, any},
    {"hdel", "T K", "HDEL", 3, 3},
    {"hmdel", "T K...", "HDEL", 3, any},
    {"hexist", "T K", "HEXISTS", 3, 3},
    {"hmexist", "T K...", "HEXISTS", 3, any},
    {"hlen", "T", "HLEN", 2, 2},
};

}  // namespace

Result<ClientCommand> client_command(const Words& words) {
  const auto form = std::ranges::find(forms, words[0], &Form::name);
  if (form == std::end(forms)) {
    return Error{Status::bad_request,
                 "unknown command '" + words[0] + "'; the commands are: " + client_commands};
  }
  const bool odd_pairs = words[0] == "hmset" && words.size() % 2 != 0;
  if (words.size() < form->words_min || words.size() > form->words_max || odd_pairs) {
    return Error{Status::bad_request, "usage: " + words[0] + " " + form->arguments};
  }
  ClientCommand command{.requests = {}, .answers_pairs = words[0] == "hgetall"};
  if (words[0] == "hmexist") {
    for (std::size_t i = 2; i < words.size(); ++i)
      command.requests.push_back({form->sent_as, words[1], words[i]});
  } else {
    command.requests.push_back(words);
    command.requests[0][0] = form->sent_as;
  }
  return command;
}

}  // namespace kv
