#include "wire/codec.hpp"

#include <utility>

#include "proto/kv.pb.h"
#include "wire/fields.hpp"
#include "wire/frame.hpp"

namespace kv {
namespace {

// --- from the wire: field by field into the command. False: the bytes are malformed ---

/// Of two members the last one counts.
bool read_value(std::string_view& in, std::optional<Value>& to) {
  return read_message(in, [&to](Tag tag, std::string_view& field) {
    switch (tag) {
      case bytes_tag(wire::Value::kStringFieldNumber):
        return read_text(field, to.emplace().emplace<std::string>());
      case bytes_tag(wire::Value::kBinaryFieldNumber):
        return read_binary(field, to.emplace().emplace<Binary>().bytes);
      case number_tag(wire::Value::kIntegerFieldNumber):
        return read_integer(field, to.emplace().emplace<std::int64_t>());
      case double_tag(wire::Value::kFloatFieldNumber):
        return read_double(field, to.emplace().emplace<double>());
      case number_tag(wire::Value::kBoolFieldNumber):
        return read_bool(field, to.emplace().emplace<bool>());
      default: return skip(tag, field);
    }
  });
}

bool read_entry(std::string_view& in, Entry& to) {
  return read_message(in, [&to](Tag tag, std::string_view& field) {
    switch (tag) {
      case bytes_tag(wire::Kvpair::kKeyFieldNumber): return read_text(field, to.key);
      case bytes_tag(wire::Kvpair::kValueFieldNumber): return read_value(field, to.value);
      default: return skip(tag, field);
    }
  });
}

const char* find_fault(const std::string& key) { return key.empty() ? "empty key" : nullptr; }
const char* find_fault(const Entry& entry) {
  if (entry.key.empty()) return entry.value ? "empty key" : "no pair, or an empty one";
  return entry.value ? nullptr : "pair without a value";
}

/// One more of many; not kept behind a bad one, nor behind one too many, which is enough to refuse
/// them all. A bad one is kept in any case.
template <class Item>
bool read_one_more(std::string_view& in, std::vector<Item>& items, std::size_t items_max,
                   bool (*read)(std::string_view&, Item&)) {
  const bool is_bad = !items.empty() && find_fault(items.back());
  if (!is_bad && items.size() <= items_max) return read(in, items.emplace_back());
  Item dropped;
  if (!read(in, dropped)) return false;
  if (!is_bad && find_fault(dropped)) items.back() = std::move(dropped);
  return true;
}

struct Reading {
  Request& to;
  std::size_t items_max;
  bool known = false;  // whether there has been a command yet
};

/// Reads the members that the command has: in all but PING field 1 is the table, 2 what is asked.
template <class Command>
bool read_member(Tag tag, std::string_view& in, Command& command, std::size_t items_max) {
  constexpr Tag first = bytes_tag(1), second = bytes_tag(2);
  if constexpr (requires { command.table; }) {
    if (tag == first) return read_text(in, command.table);
  }
  if constexpr (requires { command.message; }) {
    if (tag == first) return read_text(in, command.message.emplace());
  }
  if constexpr (requires { command.token; }) {
    if (tag == first) return read_text(in, command.token);
  }
  if constexpr (requires { command.key; }) {
    if (tag == second) return read_text(in, command.key);
  }
  if constexpr (requires { command.keys; }) {
    if (tag == second) return read_one_more(in, command.keys, items_max, read_text);
  }
  if constexpr (requires { command.entry; }) {
    if (tag == second) return read_entry(in, command.entry);
  }
  if constexpr (requires { command.entries; }) {
    if (tag == second) return read_one_more(in, command.entries, items_max, read_entry);
  }
  return skip(tag, in);
}

/// Of two different commands the last one counts; the same one twice is one, with the fields of
/// both.
template <class Command>
bool read_command(std::string_view& in, Reading& reading) {
  auto& to = reading.to;
  if (!reading.known || !std::holds_alternative<Command>(to)) to.emplace<Command>();
  reading.known = true;
  return read_message(in, [&, &command = std::get<Command>(to)](Tag tag, std::string_view& field) {
    return read_member(tag, field, command, reading.items_max);
  });
}

bool read_request(Tag tag, std::string_view& in, Reading& reading) {
  using Message = wire::CommandRequest;
  switch (tag) {
    case bytes_tag(Message::kHgetFieldNumber): return read_command<Hget>(in, reading);
    case bytes_tag(Message::kHgetallFieldNumber): return read_command<Hgetall>(in, reading);
    case bytes_tag(Message::kHmgetFieldNumber): return read_command<Hmget>(in, reading);
    case bytes_tag(Message::kHsetFieldNumber): return read_command<Hset>(in, reading);
    case bytes_tag(Message::kHmsetFieldNumber): return read_command<Hmset>(in, reading);
    case bytes_tag(Message::kHdelFieldNumber): return read_command<Hdel>(in, reading);
    case bytes_tag(Message::kHmdelFieldNumber): return read_command<Hmdel>(in, reading);
    case bytes_tag(Message::kHexistFieldNumber): return read_command<Hexist>(in, reading);
    case bytes_tag(Message::kHmexistFieldNumber): return read_command<Hmexist>(in, reading);
    case bytes_tag(Message::kPingFieldNumber): return read_command<Ping>(in, reading);
    case bytes_tag(Message::kHlenFieldNumber): return read_command<Hlen>(in, reading);
    case bytes_tag(Message::kAuthFieldNumber): return read_command<Auth>(in, reading);
    case bytes_tag(Message::kWatchFieldNumber): return read_command<Watch>(in, reading);
    case bytes_tag(Message::kInfoFieldNumber): return read_command<Info>(in, reading);
    default: return skip(tag, in);
  }
}

/// What is wrong with a command, or nullptr; looks at those of its members that it has.
template <class Command>
const char* find_fault(const Command& command) {
  const auto in_any = [](const auto& items, const char* none) {
    if (items.empty()) return none;
    for (const auto& item : items) {
      if (const char* fault = find_fault(item)) return fault;
    }
    return static_cast<const char*>(nullptr);
  };
  if constexpr (requires { command.table; })
    if (command.table.empty()) return "empty table name";
  if constexpr (requires { command.key; }) return find_fault(command.key);
  if constexpr (requires { command.keys; }) return in_any(command.keys, "no keys");
  if constexpr (requires { command.entry; }) return find_fault(command.entry);
  if constexpr (requires { command.entries; }) return in_any(command.entries, "no pairs");
  return nullptr;
}

/// What is wrong with the message, or nullptr.
const char* parse(std::string_view message, Request& to, std::size_t items_max) {
  Reading reading{to, items_max};
  auto read = [&](Tag tag, std::string_view& in) { return read_request(tag, in, reading); };
  if (!read_fields(message, read)) return "not a CommandRequest, or a string in it is not UTF-8";
  if (!reading.known) return "no command in the message, or none that is known here";
  if (auto* ping = std::get_if<Ping>(&to); ping && ping->message == "")
    ping->message.reset();  // an empty text is none, in proto3
  return std::visit([](const auto& command) { return find_fault(command); }, to);
}

// --- to the wire: first how many bytes it takes, then these bytes ---

std::size_t message_bytes(const std::optional<Value>& value) {
  struct Bytes {
    std::size_t operator()(const std::string& text) const { return field_bytes(text.size()); }
    std::size_t operator()(const Binary& binary) const { return field_bytes(binary.bytes.size()); }
    std::size_t operator()(std::int64_t number) const {
      return number_bytes(static_cast<std::uint64_t>(number));
    }
    std::size_t operator()(double) const { return double_bytes(); }
    std::size_t operator()(bool flag) const { return number_bytes(flag); }
  };
  return value ? std::visit(Bytes{}, *value) : 0;
}
std::size_t message_bytes(const Entry& entry) {
  return field_bytes(entry.key.size()) + field_bytes(message_bytes(entry.value));
}

void put_value(int field, const std::optional<Value>& value, std::string& out) {
  struct Put {
    std::string& out;
    void operator()(const std::string& text) const {
      put_bytes(wire::Value::kStringFieldNumber, text, out);
    }
    void operator()(const Binary& binary) const {
      put_bytes(wire::Value::kBinaryFieldNumber, binary.bytes, out);
    }
    void operator()(std::int64_t number) const {
      put_number(wire::Value::kIntegerFieldNumber, static_cast<std::uint64_t>(number), out);
    }
    void operator()(double number) const {
      put_double(wire::Value::kFloatFieldNumber, number, out);
    }
    void operator()(bool flag) const { put_number(wire::Value::kBoolFieldNumber, flag, out); }
  };
  put_length(field, message_bytes(value), out);
  if (value) std::visit(Put{out}, *value);
}

void put_entry(int field, const Entry& entry, std::string& out) {
  put_length(field, message_bytes(entry), out);
  put_bytes(wire::Kvpair::kKeyFieldNumber, entry.key, out);
  put_value(wire::Kvpair::kValueFieldNumber, entry.value, out);
}

}  // namespace

Result<Request> decode(std::string_view message, std::size_t items_max) {
  Result<Request> request{Request{}};
  if (const char* fault = parse(message, *request, items_max))
    request = Error{Status::bad_request, fault};
  return request;
}

std::size_t wire_bytes(const Response& response) {
  std::size_t bytes = number_bytes(static_cast<std::uint64_t>(response.status));
  if (!response.message.empty()) bytes += field_bytes(response.message.size());
  for (const auto& value : response.values) bytes += field_bytes(message_bytes(value));
  for (const auto& pair : response.pairs) bytes += field_bytes(message_bytes(pair));
  return bytes;
}

void encode(const Response& response, std::size_t frame_bytes_max, std::string& out) {
  using Message = wire::CommandResponse;
  const auto bytes = wire_bytes(response);
  if (bytes > frame_bytes_max) {
    const auto text =
        "the answer would be larger than " + std::to_string(frame_bytes_max) + " bytes";
    const Response too_large{.status = Status::too_large, .message = text};
    return encode(too_large, wire_bytes(too_large), out);
  }
  const auto header = frame_header(bytes);
  out.reserve(out.size() + header.size() + bytes);  // a large one needs no room beyond its own
  out.append(header.data(), header.size());
  put_number(Message::kStatusFieldNumber, static_cast<std::uint64_t>(response.status), out);
  if (!response.message.empty()) put_bytes(Message::kMessageFieldNumber, response.message, out);
  for (const auto& value : response.values) put_value(Message::kValuesFieldNumber, value, out);
  for (const auto& pair : response.pairs) put_entry(Message::kPairsFieldNumber, pair, out);
}

AnswerLimit answer_limit(std::size_t frame_bytes_max) {
  constexpr std::size_t status_bytes = 3;  // every answer begins with its status, 200
  return {.bytes_max = frame_bytes_max,
          .value_bytes = [](const auto& value) { return field_bytes(message_bytes(value)); },
          .entry_bytes = [](const auto& entry) { return field_bytes(message_bytes(entry)); },
          .always_bytes = status_bytes};
}

}  // namespace kv
