#include "wire/codec.hpp"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <array>

#include "proto/kv.pb.h"
#include "wire/frame.hpp"

namespace kv {
namespace {

/// A message and its parts, in memory of this thread that the next one takes again, so that its
/// parts need no allocation each. One at a time; what is above kept_bytes is given back with it. It
/// takes up to 32 times its bytes on the wire: an empty key has 2 there, and 64 here.
template <class Message>
class Scratch {
 public:
  Scratch() : message_{google::protobuf::Arena::CreateMessage<Message>(&arena())} {}
  ~Scratch() { arena().Reset(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Message* operator->() { return message_; }

 private:
  static google::protobuf::Arena& arena() {
    constexpr std::size_t kept_bytes = 4096;
    alignas(8) thread_local std::array<char, kept_bytes> block;
    thread_local google::protobuf::Arena arena{block.data(), block.size()};
    return arena;
  }

  Message* const message_;
};

// --- from the wire ---

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

Entry entry_from(const wire::Kvpair& pair) { return {pair.key(), value_from(pair.value())}; }

const char* find_fault(const std::string& key) { return key.empty() ? "empty key" : nullptr; }
const char* find_fault(const wire::Kvpair& pair) {
  const bool has_value = pair.value().value_case() != wire::Value::VALUE_NOT_SET;
  if (pair.key().empty()) return has_value ? "empty key" : "no pair, or an empty one";
  return has_value ? nullptr : "pair without a value";
}

/// What is wrong with a command, or nullptr; looks at those of its members that it has.
template <class Message>
const char* find_fault(const Message& message) {
  const auto in_any = [](const auto& items, const char* none) {
    if (items.empty()) return none;
    for (const auto& item : items) {
      if (const char* fault = find_fault(item)) return fault;
    }
    return static_cast<const char*>(nullptr);
  };
  if constexpr (requires { message.table(); })
    if (message.table().empty()) return "empty table name";
  if constexpr (requires { message.key(); }) return find_fault(message.key());
  if constexpr (requires { message.keys(); }) return in_any(message.keys(), "no keys");
  if constexpr (requires { message.pair(); }) return find_fault(message.pair());
  if constexpr (requires { message.pairs(); }) return in_any(message.pairs(), "no pairs");
  return nullptr;
}

/// Copies the members that the command has; of too many items, only as many as show that.
template <class Command, class Message>
Result<Request> read(const Message& from, std::size_t items_max) {
  if (const char* fault = find_fault(from)) return Error{Status::bad_request, fault};
  Request request{Command{}};
  auto& to = std::get<Command>(request);
  if constexpr (requires { to.message; })
    if (!from.message().empty()) to.message = from.message();  // an empty text is none, in proto3
  if constexpr (requires { to.token; }) to.token = from.token();
  if constexpr (requires { to.table; }) to.table = from.table();
  if constexpr (requires { to.key; }) to.key = from.key();
  if constexpr (requires { to.entry; }) to.entry = entry_from(from.pair());
  if constexpr (requires { to.keys; }) {
    for (const auto& key : from.keys())
      if (to.keys.size() <= items_max) to.keys.push_back(key);
  }
  if constexpr (requires { to.entries; }) {
    for (const auto& pair : from.pairs())
      if (to.entries.size() <= items_max) to.entries.push_back(entry_from(pair));
  }
  return request;
}

// --- to the wire ---

void put(const std::optional<Value>& from, wire::Value& to) {
  struct Put {
    wire::Value& to;
    void operator()(const std::string& text) const { to.set_string(text); }
    void operator()(const Binary& binary) const { to.set_binary(binary.bytes); }
    void operator()(std::int64_t number) const { to.set_integer(number); }
    void operator()(double number) const { to.set_float_(number); }
    void operator()(bool flag) const { to.set_bool_(flag); }
  };
  if (from) std::visit(Put{to}, *from);
}

// --- how many bytes that takes, without a copy of it: a field is its tag, of one byte below field
// 16, the length where it has one, and its bytes ---

std::size_t varint_bytes(std::uint64_t number) {
  return google::protobuf::io::CodedOutputStream::VarintSize64(number);
}
std::size_t field_bytes(std::size_t length) { return 1 + varint_bytes(length) + length; }

std::size_t message_bytes(const std::optional<Value>& value) {
  struct Bytes {
    std::size_t operator()(const std::string& text) const { return field_bytes(text.size()); }
    std::size_t operator()(const Binary& binary) const { return field_bytes(binary.bytes.size()); }
    std::size_t operator()(std::int64_t number) const {
      return 1 + varint_bytes(static_cast<std::uint64_t>(number));
    }
    std::size_t operator()(double) const { return 1 + sizeof(double); }
    std::size_t operator()(bool) const { return 1 + 1; }
  };
  return value ? std::visit(Bytes{}, *value) : 0;
}
std::size_t message_bytes(const Entry& entry) {
  return field_bytes(entry.key.size()) + field_bytes(message_bytes(entry.value));
}

}  // namespace

Result<Request> decode(std::string_view bytes, std::size_t items_max) {
  using Message = wire::CommandRequest;
  Scratch<Message> message;
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Error{Status::bad_request, "not a CommandRequest, or a string in it is not UTF-8"};
  switch (message->request_data_case()) {
    case Message::kPing: return read<Ping>(message->ping(), items_max);
    case Message::kHget: return read<Hget>(message->hget(), items_max);
    case Message::kHgetall: return read<Hgetall>(message->hgetall(), items_max);
    case Message::kHmget: return read<Hmget>(message->hmget(), items_max);
    case Message::kHset: return read<Hset>(message->hset(), items_max);
    case Message::kHmset: return read<Hmset>(message->hmset(), items_max);
    case Message::kHdel: return read<Hdel>(message->hdel(), items_max);
    case Message::kHmdel: return read<Hmdel>(message->hmdel(), items_max);
    case Message::kHexist: return read<Hexist>(message->hexist(), items_max);
    case Message::kHmexist: return read<Hmexist>(message->hmexist(), items_max);
    case Message::kHlen: return read<Hlen>(message->hlen(), items_max);
    case Message::kAuth: return read<Auth>(message->auth(), items_max);
    case Message::kWatch: return read<Watch>(message->watch(), items_max);
    case Message::kInfo: return read<Info>(message->info(), items_max);
    case Message::REQUEST_DATA_NOT_SET: break;
  }
  return Error{Status::bad_request, "no command in the message, or none that is known here"};
}

std::size_t wire_bytes(const Response& response) {
  std::size_t bytes = 1 + varint_bytes(static_cast<std::uint64_t>(response.status));
  if (!response.message.empty()) bytes += field_bytes(response.message.size());
  for (const auto& value : response.values) bytes += field_bytes(message_bytes(value));
  for (const auto& pair : response.pairs) bytes += field_bytes(message_bytes(pair));
  return bytes;
}

void encode(const Response& response, std::size_t frame_bytes_max, std::string& out) {
  const auto bytes = wire_bytes(response);
  if (bytes > frame_bytes_max) {
    const auto text =
        "the answer would be larger than " + std::to_string(frame_bytes_max) + " bytes";
    const Response too_large{.status = Status::too_large, .message = text};
    return encode(too_large, wire_bytes(too_large), out);
  }
  Scratch<wire::CommandResponse> message;
  message->set_status(static_cast<std::uint32_t>(response.status));
  message->set_message(response.message);
  for (const auto& value : response.values) put(value, *message->add_values());
  for (const auto& pair : response.pairs) {
    auto& added = *message->add_pairs();
    added.set_key(pair.key);
    put(pair.value, *added.mutable_value());
  }
  const auto header = frame_header(bytes);
  out.append(header.data(), header.size());
  message->AppendToString(&out);
}

AnswerLimit answer_limit(std::size_t frame_bytes_max) {
  constexpr std::size_t status_bytes = 3;  // every answer begins with its status, 200
  return {.bytes_max = frame_bytes_max,
          .value_bytes = [](const auto& value) { return field_bytes(message_bytes(value)); },
          .entry_bytes = [](const auto& entry) { return field_bytes(message_bytes(entry)); },
          .always_bytes = status_bytes};
}

}  // namespace kv
