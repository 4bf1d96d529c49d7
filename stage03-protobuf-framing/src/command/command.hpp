#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "table/storage.hpp"
#include "table/value.hpp"

// What clients ask and servers answer, as plain structs: no socket and no wire format. The codec
// turns bytes into a Request and a Response into bytes; the service turns one into the other.

namespace kv {

struct Ping {
  std::optional<std::string> message = {};
};
struct Hget {
  std::string table, key;
};
struct Hgetall {
  std::string table;
};
struct Hmget {
  std::string table;
  std::vector<std::string> keys;
};
struct Hset {
  std::string table;
  Entry entry;
};
struct Hmset {
  std::string table;
  std::vector<Entry> entries;
};
struct Hdel {
  std::string table, key;
};
struct Hmdel {
  std::string table;
  std::vector<std::string> keys;
};
struct Hexist {
  std::string table, key;
};
struct Hmexist {
  std::string table;
  std::vector<std::string> keys;
};
struct Hlen {
  std::string table;
};

using Request =
    std::variant<Ping, Hget, Hgetall, Hmget, Hset, Hmset, Hdel, Hmdel, Hexist, Hmexist, Hlen>;

inline bool is_write(const Request& request) {
  return std::holds_alternative<Hset>(request) || std::holds_alternative<Hmset>(request) ||
         std::holds_alternative<Hdel>(request) || std::holds_alternative<Hmdel>(request);
}

struct Response {
  Status status = Status::ok;
  std::string message = {};  ///< of a status other than ok: what happened; PING: the echo
  Values values = {};        ///< one for each key asked for, in order; nullopt: there is none
  std::vector<Entry> pairs = {};
};

}  // namespace kv
