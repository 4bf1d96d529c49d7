#include "command/command.hpp"

namespace kv {

const char* name_of(const Request& request) {
  struct Name {
    const char* operator()(const Ping&) const { return "PING"; }
    const char* operator()(const Hget&) const { return "HGET"; }
    const char* operator()(const Hgetall&) const { return "HGETALL"; }
    const char* operator()(const Hmget&) const { return "HMGET"; }
    const char* operator()(const Hset&) const { return "HSET"; }
    const char* operator()(const Hmset&) const { return "HMSET"; }
    const char* operator()(const Hdel&) const { return "HDEL"; }
    const char* operator()(const Hmdel&) const { return "HMDEL"; }
    const char* operator()(const Hexist&) const { return "HEXIST"; }
    const char* operator()(const Hmexist&) const { return "HMEXIST"; }
    const char* operator()(const Hlen&) const { return "HLEN"; }
    const char* operator()(const Auth&) const { return "AUTH"; }
    const char* operator()(const Watch&) const { return "WATCH"; }
    const char* operator()(const Info&) const { return "INFO"; }
  };
  return std::visit(Name{}, request);
}

}  // namespace kv
