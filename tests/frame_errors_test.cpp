// What every server from stage 3 on answers to a request that is wrong: which status, that nothing
// was written, and that the connection goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using wire::Binary;
using wire::bytes_field;
using wire::varint_field;

constexpr std::nullopt_t none = std::nullopt;
constexpr std::size_t name_bytes_max = 1'024;  // of a table and of a key
constexpr std::size_t value_bytes_max = 1'024 * 1'024;

struct Case {
  std::string what;
  std::string request;
};

class FrameErrors : public testing::Test {
 protected:
  // Each refusal must leave the connection usable and the stream in step.
  void expect_refused(const std::vector<Case>& cases, std::uint32_t status) {
    int number = 0;
    for (const auto& [what, request] : cases) {
      EXPECT_TRUE(client_.refuses(request, status)) << what;
      const std::string mark = "after " + std::to_string(++number);
      ASSERT_TRUE(client_.answers(wire::ping(mark), {200, mark})) << what;
    }
  }

  ServerProcess server_;
  FrameClient client_{server_.port()};
};

// The commands' requests by their field's number and content, for contents that wire.hpp does not
// build.
std::string command(std::uint32_t number, const std::string& content) {
  return bytes_field(number, content);
}
std::string table(const std::string& name = "t") { return bytes_field(1, name); }
std::string key(const std::string& name = "k") { return bytes_field(2, name); }
std::string pair_of(const std::string& content) { return bytes_field(2, content); }
std::string value_of(const std::string& content) { return bytes_field(2, content); }

TEST_F(FrameErrors, MissingPartsAre400) {
  const std::string good_pair = pair_of(bytes_field(1, "k") + value_of(varint_field(3, 1)));
  std::vector<Case> cases{
      {"a 0-byte frame", ""},
      {"no command, an unknown field only", bytes_field(99, "?")},
      {"HGETALL without a table", command(2, "")},
      {"HLEN without a table", command(19, "")},
      {"HSET without a pair", command(4, table())},
      {"HSET without a table", command(4, good_pair)},
      {"HSET without a key", command(4, table() + pair_of(value_of(varint_field(3, 1))))},
      {"HSET of an empty pair", command(4, table() + pair_of(""))},
      {"HSET without a value", wire::hset("t", "k", none)},
      {"HSET of a Value without a member",
       command(4, table() + pair_of(bytes_field(1, "k") + value_of("")))},
      {"HSET of a Value with an unknown member",
       command(4, table() + pair_of(bytes_field(1, "k") + value_of(varint_field(6, 1))))},
      {"HMSET without a table", command(5, good_pair)},
      {"HMSET without pairs", command(5, table())},
      {"HMSET with a pair without a value", wire::hmset("t", {{"a", 1}, {"b", none}})},
      {"HMSET with a pair without a key", wire::hmset("t", {{"a", 1}, {"", 2}})},
  };
  for (const std::uint32_t one_key : {1u, 6u, 8u}) {
    const std::string name = "command " + std::to_string(one_key);
    cases.push_back({name + " without table and key", command(one_key, "")});
    cases.push_back({name + " without a key", command(one_key, table())});
    cases.push_back({name + " without a table", command(one_key, key())});
  }
  for (const std::uint32_t many_keys : {3u, 7u, 9u}) {
    const std::string name = "command " + std::to_string(many_keys);
    cases.push_back({name + " without a table", command(many_keys, key())});
    cases.push_back({name + " without keys", command(many_keys, table())});
    cases.push_back({name + " with an empty key", command(many_keys, table() + key() + key(""))});
  }
  for (const std::uint32_t reserved : {10u, 11u, 12u}) {
    cases.push_back(
        {"the reserved command " + std::to_string(reserved), command(reserved, table())});
  }
  expect_refused(cases, 400);
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok())) << "something was written";
}

TEST_F(FrameErrors, BytesThatAreNoMessageAre400) {
  expect_refused(
      {
          {"a tag cut short", "\x80"},
          {"a length beyond the end",
           "\x0a\x05"
           "ab"},
          {"a length beyond the end, inside", command(1, "\x0a\x05t")},
          {"a varint cut short", "\x08\x80"},
          {"a varint of 11 bytes", "\x98\x06" + std::string(10, '\xff') + "\x01"},
          {"field number 0", std::string("\x02\x00", 2)},
          {"type 6", "\x0e"},
          {"type 7", "\x0f"},
          {"a group that only ends", "\x0c"},
          {"a group that never ends", "\x9b\x06"},
          {"8 bytes cut short",
           "\x99\x06"
           "1234567"},
          {"text of another protocol", "GET / HTTP/1.1\r\n\r\n"},
          {"bytes after a request that are no field", wire::ping() + "\xff"},
          {"HSET whose value is no message",
           command(4, table() + pair_of(bytes_field(1, "k") + value_of("\xff")))},
          {"a known field of another type", varint_field(1, 1)},
          {"a table of another type", command(1, varint_field(1, 1) + key())},
      },
      400);
}

TEST_F(FrameErrors, TextThatIsNotUtf8Is400) {
  for (const std::string bad :
       {"\xff", "a\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    expect_refused(
        {
            {"a table", wire::hget(bad, "k")},
            {"a key", wire::hget("t", bad)},
            {"one of many keys", wire::hmget("t", {"a", bad})},
            {"a pair's key", wire::hset("t", bad, 1)},
            {"a string value", wire::hset("t", "k", bad)},
            {"the last of many values", wire::hmset("t", {{"a", 1}, {"b", bad}})},
            {"a message", wire::ping(bad)},
        },
        400);
  }
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok())) << "something was written";
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", Binary{"\xff"}), wire::ok({none})))
      << "binary need not be UTF-8";
}

TEST_F(FrameErrors, OfTwoCommandsTheLastCounts) {
  ASSERT_TRUE(client_.answers(wire::hset("t", "k", "v"), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k") + wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(client_.answers(wire::ping() + wire::hget("t", "k"), wire::ok({"v"})));
  EXPECT_TRUE(client_.answers(wire::hdel("t", "k") + wire::hlen("t"), wire::ok({1})))
      << "the first of the two must do nothing";
}

TEST_F(FrameErrors, OfTwoMembersOfAValueTheLastCounts) {
  const auto set = [](const std::string& members) {
    return command(4, table() + pair_of(bytes_field(1, "k") + value_of(members)));
  };
  ASSERT_TRUE(client_.answers(set(bytes_field(1, "text") + varint_field(3, 7)), wire::ok({none})));
  EXPECT_TRUE(client_.answers(set(varint_field(5, 1) + bytes_field(2, "x")), wire::ok({7})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({Binary{"x"}})));
}

TEST_F(FrameErrors, UnknownFieldsAreIgnoredEverywhere) {
  const std::string unknown = varint_field(99, 1) + wire::fixed64_field(100, 2) +
                              bytes_field(101, "\xff") + wire::fixed32_field(102, 3) +
                              "\xbb\x06\x08\x01\xbc\x06";  // a group, field 103
  const std::string set =
      unknown +
      command(4, unknown + table() +
                     pair_of(unknown + bytes_field(1, "k") +
                             value_of(unknown + varint_field(3, 7) + unknown))) +
      unknown;
  EXPECT_TRUE(client_.answers(set, wire::ok({none})));
  EXPECT_TRUE(
      client_.answers(command(1, unknown + table() + unknown + key()) + unknown, wire::ok({7})))
      << "what was unknown must not come back, either";
}

/// Every command that names a table and a key, with these.
std::vector<Case> commands_with(const std::string& t, const std::string& k) {
  return {
      {"HGET", wire::hget(t, k)},     {"HMGET", wire::hmget(t, {"a", k})},
      {"HSET", wire::hset(t, k, 1)},  {"HMSET", wire::hmset(t, {{"a", 1}, {k, 2}})},
      {"HDEL", wire::hdel(t, k)},     {"HMDEL", wire::hmdel(t, {"a", k})},
      {"HEXIST", wire::hexist(t, k)}, {"HMEXIST", wire::hmexist(t, {"a", k})},
  };
}

TEST_F(FrameErrors, KeysAndTablesOver1024BytesAre413AndDoNothing) {
  const std::string longest(name_bytes_max, 'n');
  const std::string longer = longest + "n";
  ASSERT_TRUE(client_.answers(wire::hset("t", "a", "kept"), wire::ok({none})));
  expect_refused(commands_with("t", longer), 413);
  expect_refused(commands_with(longer, "k"), 413);
  expect_refused({{"HGETALL", wire::hgetall(longer)}, {"HLEN", wire::hlen(longer)}}, 413);
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"a", "kept"}})));

  // The limit itself is allowed, in bytes and not in characters.
  std::string two_byte_characters;
  while (two_byte_characters.size() < name_bytes_max) two_byte_characters += "é";
  for (const std::string& name : {longest, two_byte_characters}) {
    for (const auto& [what, request] : commands_with(name, name)) {
      const auto status = client_.ask(request).status;
      EXPECT_TRUE(status == 200 || (status == 404 && what == "HGET")) << what << ": " << status;
    }
    EXPECT_EQ(client_.ask(wire::hgetall(name)).status, 200u);
    EXPECT_EQ(client_.ask(wire::hlen(name)).status, 200u);
  }
  EXPECT_TRUE(client_.refuses(wire::hlen(two_byte_characters + "é"), 413));
}

TEST_F(FrameErrors, ValuesOver1MiBAre413AndWriteNothing) {
  const std::string most(value_bytes_max, 'v');
  ASSERT_TRUE(client_.answers(wire::hset("t", "k", "kept"), wire::ok({none})));
  expect_refused(
      {
          {"HSET of a string", wire::hset("t", "k", most + "v")},
          {"HSET of binary", wire::hset("t", "k", Binary{most + "v"})},
          {"HMSET, the first value", wire::hmset("t", {{"k", most + "v"}, {"a", 1}})},
          {"HMSET, the last value", wire::hmset("t", {{"a", 1}, {"k", Binary{most + "v"}}})},
          {"HMSET, a key", wire::hmset("t", {{"a", 1}, {std::string(name_bytes_max + 1, 'k'), 1}})},
      },
      413);
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"k", "kept"}})));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", most), wire::ok({"kept"})));
  EXPECT_TRUE(client_.answers(wire::hmset("t", {{"k", Binary{most}}, {"a", most}}),
                              wire::ok({most, none})));
  EXPECT_TRUE(client_.answers(wire::hmget("t", {"a", "k"}), wire::ok({most, Binary{most}})));
}

TEST_F(FrameErrors, WhatIsWrongInItselfComesBeforeALimit) {
  const std::string too_long(name_bytes_max + 1, 'n');
  const std::string too_big(value_bytes_max + 1, 'v');
  expect_refused(
      {
          {"a key too long, a pair without a value behind it",
           wire::hmset("t", {{too_long, 1}, {"b", none}})},
          {"a value too big, an empty key behind it", wire::hmset("t", {{"a", too_big}, {"", 1}})},
          {"a table too long, no key", wire::hget(too_long, "")},
          {"a table too long, no keys", wire::hmget(too_long, {})},
          {"a key too long, an empty one behind it", wire::hmdel("t", {too_long, ""})},
          {"a value too big and no table", wire::hset("", "k", too_big)},
          {"a value too big and not UTF-8", wire::hset("t", "k", too_big + "\xff")},
      },
      400);
}

/// What an error says beyond its status, and what the log does: words of the servers here.
class FrameErrorTexts : public FrameErrors {};

TEST_F(FrameErrorTexts, WhoSpeaksAnotherProtocolIsToldAndLogged) {
  FrameClient browser{server_.port()};
  browser.send_raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto answer = browser.receive_response();
  EXPECT_EQ(answer.status, 413u);
  EXPECT_THAT(answer.message, testing::HasSubstr("the limit is 4194304. This looks like HTTP"));
  EXPECT_TRUE(server_.log_holds("'GET / HTTP/1.1\\x0d\\x0a...'")) << server_.log();
  for (int i = 0; i < 20; ++i) {
    FrameClient knocking{server_.port()};
    knocking.send_raw("\xff\xff\xff\xff");
    EXPECT_TRUE(knocking.receives_error(413));
  }
  const std::string log = server_.log();
  const std::string knock = "'\\xff\\xff\\xff\\xff'";
  int lines = 0;
  for (std::size_t at = 0; (at = log.find(knock, at)) != std::string::npos; ++at) ++lines;
  EXPECT_LT(lines, 15) << log;
}

TEST_F(FrameErrorTexts, LimitsAreToldAsTheyWereSet) {
  FrameClient client{server_.port()};
  const std::string big(1 << 20, 'b');
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(client.ask(wire::hset("t", std::to_string(i), big)).status, 200u);
  for (const auto& request : {wire::hgetall("t"), wire::hmget("t", {"0", "1", "2", "3"}),
                              wire::hmdel("t", {"0", "1", "2", "3"})}) {
    const auto answer = client.ask(request);
    EXPECT_EQ(answer.status, 413u);
    EXPECT_THAT(answer.message, testing::HasSubstr("4194304"));
  }
}

TEST_F(FrameErrorTexts, AnAbsentKeyIsNotFound) {
  FrameClient client{server_.port()};
  const auto answer = client.ask(wire::hget("t", "k"));
  EXPECT_EQ(answer.status, 404u);
  EXPECT_EQ(answer.message, "Not found: table 't', key 'k'");
}

}  // namespace
}  // namespace kv::test
