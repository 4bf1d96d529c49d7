#include "request.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fixtures/resp_client.hpp"
#include "fixtures/wire.hpp"

namespace kv::bench {
namespace {

constexpr std::size_t offsets = 251;  // a prime: neighbours in a hash table differ
constexpr std::size_t name_bytes = 16;

// A bijection, so no two keys have the same: the finisher of splitmix64.
std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
  number = (number ^ number >> 27) * 0x94d049bb133111eb;
  return number ^ number >> 31;
}

using Name = std::array<char, name_bytes>;

Name name_of(std::uint32_t key) {
  Name name;
  std::uint64_t bits = mixed(std::uint64_t{key} + 1);
  for (char& digit : name) {
    digit = "0123456789abcdef"[bits & 15];
    bits >>= 4;
  }
  return name;
}

std::string encoded(Protocol protocol, Command command, const Shape& shape, const std::string& key,
                    const std::string& value) {
  namespace wire = test::wire;
  const bool frame = protocol == Protocol::frame;
  switch (command) {
    case Command::hset:
      return frame ? wire::frame(wire::hset(shape.table, key, wire::Value{value}))
                   : test::resp_array({"HSET", shape.table, key, value});
    case Command::hget:
      return frame ? wire::frame(wire::hget(shape.table, key))
                   : test::resp_array({"HGET", shape.table, key});
    case Command::ping: break;
  }
  return frame ? wire::frame(wire::ping()) : test::resp_array({"PING"});
}

}  // namespace

Values::Values(std::size_t bytes) : bytes_{bytes} {
  std::uint64_t state = 1;
  while (tape_.size() < bytes + offsets) {
    state = mixed(state + 0x9e3779b97f4a7c15);
    tape_ += static_cast<char>('a' + state % 26);
  }
}

void Values::write(std::uint32_t key, char* to) const {
  const Name name = name_of(key);
  const std::size_t named = std::min(bytes_, name.size());
  std::memcpy(to, name.data(), named);
  std::memcpy(to + named, tape_.data() + key % offsets, bytes_ - named);
}

bool Values::is_value_of(std::uint32_t key, std::string_view value) const {
  if (value.size() != bytes_) return false;
  const Name name = name_of(key);
  const std::size_t named = std::min(bytes_, name.size());
  return std::memcmp(value.data(), name.data(), named) == 0 &&
         std::memcmp(value.data() + named, tape_.data() + key % offsets, bytes_ - named) == 0;
}

Requests::Requests(Protocol protocol, const Shape& shape) : values_{shape.value_bytes} {
  if (shape.key_bytes < key_bytes_min) throw std::invalid_argument{"keys are too short"};
  const std::string key(shape.key_bytes, '\1');  // bytes that nothing else in a request has
  const std::string value(shape.value_bytes, '\2');
  for (const Command command : {Command::ping, Command::hset, Command::hget}) {
    Template& made = templates_[static_cast<std::size_t>(command)];
    made.bytes = encoded(protocol, command, shape, key, value);
    if (command == Command::ping) continue;
    const std::size_t at = made.bytes.rfind(key);  // a length before it may end in \1 too
    made.bytes.replace(at, key.size(), key.size(), '0');
    made.key_end = at + key.size();
    // The value stands at the end, but for RESP's line break.
    made.has_value = command == Command::hset;
    made.value_offset = made.bytes.size() - value.size() - (protocol == Protocol::resp ? 2 : 0);
  }
}

void Requests::append(Command command, std::uint32_t key, std::string& out) const {
  const Template& made = of(command);
  const std::size_t begin = out.size();
  out += made.bytes;
  if (made.key_end == 0) return;
  char* digit = out.data() + begin + made.key_end;
  for (std::uint32_t rest = key; rest != 0; rest /= 10)
    *--digit = static_cast<char>('0' + rest % 10);
  if (made.has_value) values_.write(key, out.data() + begin + made.value_offset);
}

std::string key_text(std::uint32_t key, std::size_t bytes) {
  const std::string digits = std::to_string(key);
  return std::string(bytes - std::min(bytes, digits.size()), '0') + digits;
}

}  // namespace kv::bench
