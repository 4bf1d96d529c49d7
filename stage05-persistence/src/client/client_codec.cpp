#include "client/client_codec.hpp"

#include "proto/kv.pb.h"

namespace kv {
namespace {

void put(const Value& from, wire::Value& to) {
  struct Put {
    wire::Value& to;
    void operator()(const std::string& text) const { to.set_string(text); }
    void operator()(const Binary& binary) const { to.set_binary(binary.bytes); }
    void operator()(std::int64_t number) const { to.set_integer(number); }
    void operator()(double number) const { to.set_float_(number); }
    void operator()(bool flag) const { to.set_bool_(flag); }
  };
  std::visit(Put{to}, from);
}

void put(const Entry& from, wire::Kvpair& to) {
  to.set_key(from.key);
  if (from.value) put(*from.value, *to.mutable_value());
}

struct Message {
  wire::CommandRequest& message;

  void operator()(const Ping& ping) const {
    message.mutable_ping()->set_message(ping.message.value_or(""));
  }
  void operator()(const Hget& get) const { with_key(get, *message.mutable_hget()); }
  void operator()(const Hgetall& get) const { message.mutable_hgetall()->set_table(get.table); }
  void operator()(const Hmget& get) const { with_keys(get, *message.mutable_hmget()); }
  void operator()(const Hset& set) const {
    message.mutable_hset()->set_table(set.table);
    put(set.entry, *message.mutable_hset()->mutable_pair());
  }
  void operator()(const Hmset& set) const {
    message.mutable_hmset()->set_table(set.table);
    for (const auto& entry : set.entries) put(entry, *message.mutable_hmset()->add_pairs());
  }
  void operator()(const Hdel& del) const { with_key(del, *message.mutable_hdel()); }
  void operator()(const Hmdel& del) const { with_keys(del, *message.mutable_hmdel()); }
  void operator()(const Hexist& exist) const { with_key(exist, *message.mutable_hexist()); }
  void operator()(const Hmexist& exist) const { with_keys(exist, *message.mutable_hmexist()); }
  void operator()(const Hlen& len) const { message.mutable_hlen()->set_table(len.table); }
  void operator()(const Auth& auth) const { message.mutable_auth()->set_token(auth.token); }
  void operator()(const Watch& watch) const { message.mutable_watch()->set_table(watch.table); }
  void operator()(const Info&) const { (void)message.mutable_info(); }  // it is there, and empty

 private:
  static void with_key(const auto& from, auto& to) {
    to.set_table(from.table);
    to.set_key(from.key);
  }
  static void with_keys(const auto& from, auto& to) {
    to.set_table(from.table);
    for (const auto& key : from.keys) to.add_keys(key);
  }
};

std::optional<Value> value_from(const wire::Value& value) {
  switch (value.value_case()) {
    case wire::Value::kString: return value.string();
    case wire::Value::kBinary: return Binary{value.binary()};
    case wire::Value::kInteger: return value.integer();
    case wire::Value::kFloat: return value.float_();
    case wire::Value::kBool: return value.bool_();
    case wire::Value::VALUE_NOT_SET: break;
  }
  return std::nullopt;
}

}  // namespace

std::string encode_request(const Request& request) {
  wire::CommandRequest message;
  std::visit(Message{message}, request);
  return message.SerializeAsString();
}

Result<Response> decode_response(std::string_view bytes) {
  wire::CommandResponse message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Status::bad_request, "the server's answer is not a CommandResponse"};
  }
  Response response{.status = static_cast<Status>(message.status()), .message = message.message()};
  for (const auto& value : message.values()) response.values.push_back(value_from(value));
  for (const auto& pair : message.pairs())
    response.pairs.push_back({pair.key(), value_from(pair.value())});
  return response;
}

}  // namespace kv
