// The bytes that a load sends, and how it reads answers.

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixtures/resp_client.hpp"
#include "fixtures/wire.hpp"
#include "reply.hpp"
#include "request.hpp"

namespace kv::bench {
namespace {

using namespace std::string_literals;
namespace wire = test::wire;

using Sizes = std::vector<std::size_t>;

constexpr Protocol both[] = {Protocol::frame, Protocol::resp};

std::string request(Protocol protocol, const Shape& shape, Command command, std::uint32_t key) {
  std::string bytes;
  Requests{protocol, shape}.append(command, key, bytes);
  return bytes;
}

std::string value_of(std::uint32_t key, std::size_t bytes) {
  std::string value(bytes, '?');
  Values{bytes}.write(key, value.data());
  return value;
}

TEST(BenchRequest, FramesAreTheseBytes) {
  const Shape shape{.table = "t", .key_bytes = 10, .value_bytes = 3};
  const std::string value = value_of(42, 3);
  EXPECT_EQ(request(Protocol::frame, shape, Command::ping, 0), "\0\0\0\3\x82\1\0"s);
  EXPECT_EQ(request(Protocol::frame, shape, Command::hget, 42),
            "\0\0\0\x11\x0a\x0f\x0a\1t\x12\x0a"s + "0000000042");
  EXPECT_EQ(request(Protocol::frame, shape, Command::hset, 42),
            "\0\0\0\x1a\x22\x18\x0a\1t\x12\x13\x0a\x0a"s + "0000000042" + "\x12\5\x0a\3" + value);
}

TEST(BenchRequest, RespIsTheseBytes) {
  const Shape shape{.table = "t", .key_bytes = 10, .value_bytes = 3};
  EXPECT_EQ(request(Protocol::resp, shape, Command::ping, 0), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(request(Protocol::resp, shape, Command::hget, 7),
            "*3\r\n$4\r\nHGET\r\n$1\r\nt\r\n$10\r\n0000000007\r\n");
  EXPECT_EQ(request(Protocol::resp, shape, Command::hset, 7),
            "*4\r\n$4\r\nHSET\r\n$1\r\nt\r\n$10\r\n0000000007\r\n$3\r\n" + value_of(7, 3) + "\r\n");
}

TEST(BenchRequest, EveryShapeIsWhatTheFixturesEncode) {
  for (const std::size_t key_bytes : Sizes{10, 16, 127, 128, 300}) {
    for (const std::size_t value_bytes : Sizes{1, 15, 16, 17, 100, 127, 128, 20'000}) {
      const Shape shape{.table = "bench", .key_bytes = key_bytes, .value_bytes = value_bytes};
      const std::string key = key_text(4'294'967'295, key_bytes);
      const std::string value = value_of(4'294'967'295, value_bytes);
      EXPECT_EQ(request(Protocol::frame, shape, Command::hset, 4'294'967'295),
                wire::frame(wire::hset("bench", key, wire::Value{value})));
      EXPECT_EQ(request(Protocol::frame, shape, Command::hget, 4'294'967'295),
                wire::frame(wire::hget("bench", key)));
      EXPECT_EQ(request(Protocol::resp, shape, Command::hset, 4'294'967'295),
                test::resp_array({"HSET", "bench", key, value}));
    }
  }
}

TEST(BenchRequest, IsAppended) {
  const Requests requests{Protocol::resp, {}};
  std::string bytes;
  requests.append(Command::hget, 1, bytes);
  const std::string first = bytes;
  requests.append(Command::ping, 0, bytes);
  EXPECT_EQ(bytes, first + "*1\r\n$4\r\nPING\r\n");
}

TEST(BenchRequest, RefusesKeysWithoutRoomForTheNumber) {
  EXPECT_THROW((Requests{Protocol::resp, {.key_bytes = key_bytes_min - 1}}), std::invalid_argument);
}

TEST(BenchValues, DifferFromKeyToKeyAndAreRecognised) {
  const Values values{100};
  std::set<std::string> seen;
  for (std::uint32_t key = 0; key < 2'000; ++key) {
    const std::string value = value_of(key, 100);
    EXPECT_TRUE(seen.insert(value).second) << key;
    EXPECT_TRUE(values.is_value_of(key, value));
    EXPECT_FALSE(values.is_value_of(key + 1, value));
  }
}

TEST(BenchValues, AnyWrongByteIsNoticed) {
  for (const std::size_t bytes : Sizes{1, 16, 17, 100}) {
    const Values values{bytes};
    for (std::size_t wrong = 0; wrong < bytes; ++wrong) {
      std::string value = value_of(5, bytes);
      value[wrong] = '!';
      EXPECT_FALSE(values.is_value_of(5, value)) << wrong;
    }
    EXPECT_FALSE(values.is_value_of(5, value_of(5, bytes) + "x"));
    EXPECT_FALSE(values.is_value_of(5, value_of(5, bytes).substr(1)));
  }
}

// ---- replies ----

struct Sent {
  Protocol protocol;
  std::string bytes;
  Reply::Kind kind;
  std::optional<std::string> value;
  std::string message;
};

std::vector<Sent> replies() {
  using enum Reply::Kind;
  const auto frame = [](const wire::Response& response) {
    return wire::frame(wire::encode(response));
  };
  const std::string long_text(300, 'x');
  return {{Protocol::frame, frame({200, "PONG", {}, {}}), ok, {}, "PONG"},
          {Protocol::frame, frame(wire::ok({wire::Value{"apple"}})), ok, "apple", ""},
          {Protocol::frame, frame(wire::ok({wire::Value{long_text}})), ok, long_text, ""},
          {Protocol::frame, frame(wire::ok({wire::Value{""}})), ok, "", ""},
          {Protocol::frame, frame(wire::ok({std::nullopt})), ok, {}, ""},
          {Protocol::frame, frame(wire::ok({wire::Value{42}})), ok, {}, ""},
          {Protocol::frame, frame({404, "no such key", {}, {}}), missing, {}, "no such key"},
          {Protocol::frame, frame({413, "too large", {}, {}}), error, {}, "too large"},
          {Protocol::frame, frame({507, "", {}, {{"a", wire::Value{"b"}}}}), error, {}, ""},
          {Protocol::frame, frame({}), error, {}, ""},
          {Protocol::resp, "+PONG\r\n", ok, {}, "PONG"},
          {Protocol::resp, ":1\r\n", ok, "1", ""},
          {Protocol::resp, "$5\r\napple\r\n", ok, "apple", ""},
          {Protocol::resp, "$2\r\n\r\n\r\n", ok, "\r\n", ""},
          {Protocol::resp, "$0\r\n\r\n", ok, "", ""},
          {Protocol::resp, "$-1\r\n", missing, {}, ""},
          {Protocol::resp, "-ERR unknown command\r\n", error, {}, "ERR unknown command"}};
}

void expect_same(const Sent& sent, const std::optional<Reply>& reply) {
  ASSERT_TRUE(reply) << sent.bytes;
  EXPECT_EQ(reply->kind, sent.kind) << sent.bytes;
  EXPECT_EQ(reply->value, sent.value) << sent.bytes;
  EXPECT_EQ(reply->message, sent.message) << sent.bytes;
}

TEST(BenchReply, ComesOutWhenItsLastByteIsThere) {
  for (const Sent& sent : replies()) {
    for (std::size_t bytes = 0; bytes < sent.bytes.size(); ++bytes) {
      std::string_view input = std::string_view{sent.bytes}.substr(0, bytes);
      EXPECT_FALSE(next_reply(sent.protocol, input)) << bytes << " bytes of " << sent.bytes;
      EXPECT_EQ(input.size(), bytes);
    }
    std::string_view input = sent.bytes;
    expect_same(sent, next_reply(sent.protocol, input));
    EXPECT_TRUE(input.empty());
  }
}

TEST(BenchReply, ManyInOneBufferAreTakenInOrder) {
  for (const Protocol protocol : both) {
    std::string bytes;
    for (const Sent& sent : replies()) bytes += sent.protocol == protocol ? sent.bytes : "";
    std::string_view input = bytes;
    for (const Sent& sent : replies()) {
      if (sent.protocol == protocol) expect_same(sent, next_reply(protocol, input));
    }
    EXPECT_TRUE(input.empty());
  }
}

TEST(BenchReply, WhatIsNoReplyThrows) {
  const std::vector<std::pair<Protocol, std::string>> wrong = {
      {Protocol::frame, "\xff\xff\xff\xff"},   // a length that nobody may send
      {Protocol::frame, "\0\0\0\1\x08"s},      // a tag without its number
      {Protocol::frame, "\0\0\0\2\x1a\5"s},    // a value longer than the message
      {Protocol::frame, "\0\0\0\2\x0b\0"s},    // a type that protobuf gave up
      {Protocol::frame, "\0\0\0\2\x08\x80"s},  // a number that goes on
      {Protocol::resp, "PONG\r\n"},            // no type
      {Protocol::resp, "*1\r\n+OK\r\n"},       // no load asks for an array
      {Protocol::resp, "$x\r\n"},              // no length
      {Protocol::resp, "$-2\r\n"},             // no length either
      {Protocol::resp, "$99999999999\r\n"},    // beyond any number
      {Protocol::resp, "$3\r\nabcde"},         // no end behind the bytes
  };
  for (const auto& [protocol, bytes] : wrong) {
    std::string_view input = bytes;
    EXPECT_THROW((void)next_reply(protocol, input), std::runtime_error) << bytes;
  }
}

}  // namespace
}  // namespace kv::bench
