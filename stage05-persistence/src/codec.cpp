#include "codec.hpp"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

#include <array>
#include <concepts>
#include <utility>

#include "frame.hpp"
#include "proto/kv.pb.h"

namespace kv {
namespace {

/// A message, in a block that the next message of this thread takes again: its parts need no
/// allocation each.
template <class Message>
class Scratch {
 public:
  Scratch() : message_{*google::protobuf::Arena::CreateMessage<Message>(&arena())} {}
  ~Scratch() { arena().Reset(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Message& operator*() { return message_; }

 private:
  static google::protobuf::Arena& arena() {
    thread_local std::array<char, 4096> block;
    thread_local google::protobuf::Arena arena{block.data(), block.size()};
    return arena;
  }
  Message& message_;
};

// --- from the wire ---

std::string take(std::string* field) { return std::move(*field); }

std::vector<std::string> take_all(google::protobuf::RepeatedPtrField<std::string>* fields) {
  return {std::move_iterator{fields->begin()}, std::move_iterator{fields->end()}};
}

std::optional<Value> take_value(wire::Value& value) {
  switch (value.value_case()) {
    case wire::Value::kString: return take(value.mutable_string());
    case wire::Value::kBinary: return Binary{take(value.mutable_binary())};
    case wire::Value::kInteger: return value.integer();
    case wire::Value::kFloat: return value.float_();
    case wire::Value::kBool: return value.bool_();
    case wire::Value::VALUE_NOT_SET: break;
  }
  return std::nullopt;
}

Entry take_entry(wire::Kvpair& pair) {
  return {take(pair.mutable_key()), take_value(*pair.mutable_value())};
}

std::vector<Entry> take_entries(google::protobuf::RepeatedPtrField<wire::Kvpair>* pairs) {
  std::vector<Entry> entries;
  for (auto& pair : *pairs) entries.push_back(take_entry(pair));
  return entries;
}

Result<Request> take_request(wire::CommandRequest& message) {
  using Case = wire::CommandRequest;
  const auto with_key = [](auto& m) {
    return std::pair{take(m.mutable_table()), take(m.mutable_key())};
  };
  const auto with_keys = [](auto& m) {
    return std::pair{take(m.mutable_table()), take_all(m.mutable_keys())};
  };
  const auto make = [](auto to, auto parts) -> Request {
    return decltype(to){std::move(parts.first), std::move(parts.second)};
  };
  switch (message.request_data_case()) {
    case Case::kPing: {
      auto text = take(message.mutable_ping()->mutable_message());
      return text.empty() ? Ping{} : Ping{std::move(text)};
    }
    case Case::kHget: return make(Hget{}, with_key(*message.mutable_hget()));
    case Case::kHgetall: return Hgetall{take(message.mutable_hgetall()->mutable_table())};
    case Case::kHmget: return make(Hmget{}, with_keys(*message.mutable_hmget()));
    case Case::kHset: {
      auto& set = *message.mutable_hset();
      if (!set.has_pair()) return Error{Status::bad_request, "HSET without a pair"};
      return Hset{take(set.mutable_table()), take_entry(*set.mutable_pair())};
    }
    case Case::kHmset: {
      auto& set = *message.mutable_hmset();
      return Hmset{take(set.mutable_table()), take_entries(set.mutable_pairs())};
    }
    case Case::kHdel: return make(Hdel{}, with_key(*message.mutable_hdel()));
    case Case::kHmdel: return make(Hmdel{}, with_keys(*message.mutable_hmdel()));
    case Case::kHexist: return make(Hexist{}, with_key(*message.mutable_hexist()));
    case Case::kHmexist: return make(Hmexist{}, with_keys(*message.mutable_hmexist()));
    case Case::kHlen: return Hlen{take(message.mutable_hlen()->mutable_table())};
    case Case::kAuth: return Auth{take(message.mutable_auth()->mutable_token())};
    case Case::kWatch: return Watch{take(message.mutable_watch()->mutable_table())};
    case Case::kInfo: return Info{};
    case Case::REQUEST_DATA_NOT_SET: break;
  }
  return Error{Status::bad_request, "no command in the message, or none that is known here"};
}

/// What is wrong with a command, or nullptr; looks at those of its members that it has.
template <class Command>
const char* find_fault(const Command& command) {
  if constexpr (requires { command.table; }) {
    if (command.table.empty()) return "empty table name";
  }
  if constexpr (requires { command.key; }) {
    if (command.key.empty()) return "empty key";
  }
  if constexpr (requires { command.keys; }) {
    if (command.keys.empty()) return "no keys";
    for (const auto& key : command.keys) {
      if (key.empty()) return "empty key";
    }
  }
  const auto in_entry = [](const Entry& entry) {
    return entry.key.empty() ? "empty key" : !entry.value ? "pair without a value" : nullptr;
  };
  if constexpr (requires { command.entry; }) return in_entry(command.entry);
  if constexpr (requires { command.entries; }) {
    if (command.entries.empty()) return "no pairs";
    for (const auto& entry : command.entries) {
      if (const char* fault = in_entry(entry)) return fault;
    }
  }
  return nullptr;
}

// --- to the wire ---

void put_value(std::optional<Value> from, wire::Value& to) {
  if (!from) return;
  struct Put {
    wire::Value& to;
    void operator()(std::string& text) const { to.set_string(std::move(text)); }
    void operator()(Binary& binary) const { to.set_binary(std::move(binary.bytes)); }
    void operator()(std::int64_t number) const { to.set_integer(number); }
    void operator()(double number) const { to.set_float_(number); }
    void operator()(bool flag) const { to.set_bool_(flag); }
  };
  std::visit(Put{to}, *from);
}

void put_response(Response from, wire::CommandResponse& to) {
  to.set_status(static_cast<std::uint32_t>(from.status));
  to.set_message(std::move(from.message));
  for (auto& value : from.values) put_value(std::move(value), *to.add_values());
  for (auto& pair : from.pairs) {
    auto& added = *to.add_pairs();
    added.set_key(std::move(pair.key));
    put_value(std::move(pair.value), *added.mutable_value());
  }
}

// --- how much the answers take: proto3's encoding, with a tag of one byte for fields below 16 ---

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

std::size_t wire_bytes_of_value(const std::optional<Value>& value) {
  return field_bytes(message_bytes(value));
}

std::size_t wire_bytes_of_entry(const Entry& entry) {
  return field_bytes(field_bytes(entry.key.size()) + wire_bytes_of_value(entry.value));
}

}  // namespace

Result<Request> decode(std::string_view bytes) {
  Scratch<wire::CommandRequest> scratch;
  auto& message = *scratch;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Status::bad_request, "not a CommandRequest, or a string in it is not UTF-8"};
  }
  auto request = take_request(message);
  if (!request) return request;
  const char* fault = std::visit([](const auto& command) { return find_fault(command); }, *request);
  if (fault) return Error{Status::bad_request, fault};
  return request;
}

std::size_t wire_bytes(const Response& response) {
  std::size_t bytes = response.message.size();
  for (const auto& value : response.values) bytes += wire_bytes_of_value(value);
  for (const auto& pair : response.pairs) bytes += wire_bytes_of_entry(pair);
  return bytes;
}

void encode(Response response, std::size_t frame_bytes_max, std::string& out) {
  Scratch<wire::CommandResponse> scratch;
  auto& message = *scratch;
  put_response(std::move(response), message);
  if (message.ByteSizeLong() > frame_bytes_max) {
    message.Clear();
    message.set_status(static_cast<std::uint32_t>(Status::too_large));
    message.set_message("the answer would be larger than " + std::to_string(frame_bytes_max) +
                        " bytes");
  }
  const auto bytes = message.ByteSizeLong();
  const auto header = frame_header(bytes);
  out.append(header.data(), header.size());
  const auto begin = out.size();
  out.resize(begin + bytes);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<unsigned char*>(&out[begin]));
}

AnswerLimit answer_limit(std::size_t frame_bytes_max) {
  constexpr std::size_t status_bytes = 3;  // every answer begins with its status, 200
  return {frame_bytes_max - status_bytes, wire_bytes_of_value, wire_bytes_of_entry};
}

void log_protobuf_errors() {
#if GOOGLE_PROTOBUF_VERSION < 4022000  // later ones log through Abseil
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel, const char*, int, const std::string& text) {
        spdlog::debug("protobuf: {}", text);
      });
#endif
}

}  // namespace kv
