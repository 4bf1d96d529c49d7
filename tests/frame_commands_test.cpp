// What every server from stage 3 on answers to a request that is right, command by command.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using wire::Binary;
using wire::MaybeValue;
using wire::Value;

constexpr std::nullopt_t none = std::nullopt;

class FrameCommands : public testing::Test {
 protected:
  ServerProcess server_;
  FrameClient client_{server_.port()};
};

/// The answer with its pairs sorted by key: HGETALL may give them in any order.
wire::Response sorted(wire::Response response) {
  std::ranges::sort(response.pairs, {}, &wire::Pair::key);
  return response;
}

double from_bits(std::uint64_t bits) { return std::bit_cast<double>(bits); }

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

/// Values at the edges of each of the five kinds.
std::vector<Value> remarkable_values() {
  using Integers = std::numeric_limits<std::int64_t>;
  using Floats = std::numeric_limits<double>;
  return {
      "",
      "text",
      "42",
      "Grüße, 世界, \U0001F9EA",
      std::string{"a\0b", 3},
      std::string(1'000, 'x'),
      Binary{""},
      Binary{"text"},
      Binary{all_bytes()},
      Binary{"\xff\xfe\x80"},
      0,
      1,
      -1,
      Integers::min(),
      Integers::max(),
      std::int64_t{1} << 53 | 1,  // a double cannot hold it
      0.0,
      -0.0,
      1.0,
      Floats::denorm_min(),
      Floats::lowest(),
      Floats::infinity(),
      -Floats::infinity(),
      from_bits(0x7ff8'0000'0000'0000),  // a quiet NaN
      from_bits(0xfff8'dead'beef'0001),  // a negative one with a payload
      from_bits(0x7ff0'0000'0000'0001),  // a signalling one
      true,
      false,
  };
}

TEST_F(FrameCommands, LengthIsBigEndianAndBytesAreTheSchemas) {
  client_.send_raw(std::string("\0\0\0\x03\x82\x01\0", 7));
  EXPECT_TRUE(client_.socket().receives(std::string("\0\0\0\x09\x08\xc8\x01\x12\x04PONG", 13)));
}

TEST_F(FrameCommands, PingAnswersPong) {
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(FrameCommands, PingEchoesItsMessage) {
  for (const std::string message : {"hello", "PING", "Grüße \U0001F9EA", "two\r\nlines"}) {
    EXPECT_TRUE(client_.answers(wire::ping(message), {200, message}));
  }
  const std::string with_nul("a\0b", 3);
  EXPECT_TRUE(client_.answers(wire::ping(with_nul), {200, with_nul}));
}

TEST_F(FrameCommands, HgetOfAnAbsentKeyIs404AndNamesTableAndKey) {
  ASSERT_TRUE(client_.answers(wire::hset("planets", "mars", 4), wire::ok({none})));
  for (const auto& [table, key] : {std::pair{"planets", "pluto"}, std::pair{"moons", "mars"}}) {
    const wire::Response answer = client_.ask(wire::hget(table, key));
    EXPECT_EQ(answer.status, 404u);
    EXPECT_NE(answer.message.find(table), std::string::npos) << answer;
    EXPECT_NE(answer.message.find(key), std::string::npos) << answer;
    EXPECT_TRUE(answer.values.empty()) << answer;
  }
}

TEST_F(FrameCommands, HsetAnswersThePreviousValue) {
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", "first"), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", 2), wire::ok({"first"})));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", 2), wire::ok({2})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({2})));
}

TEST_F(FrameCommands, HmsetAnswersThePreviousValuesInOrder) {
  ASSERT_TRUE(client_.answers(wire::hset("t", "b", "old"), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hmset("t", {{"c", 3}, {"b", 2}, {"a", 1}}),
                              wire::ok({none, "old", none})));
  EXPECT_TRUE(client_.answers(wire::hmget("t", {"a", "b", "c"}), wire::ok({1, 2, 3})));
}

TEST_F(FrameCommands, HmsetOfARepeatedKeyActsInSequence) {
  EXPECT_TRUE(client_.answers(wire::hmset("t", {{"a", 1}, {"b", "x"}, {"a", 2}, {"a", true}}),
                              wire::ok({none, none, 1, 2})));
  EXPECT_TRUE(client_.answers(wire::hmget("t", {"a", "b"}), wire::ok({true, "x"})));
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({2})));
}

TEST_F(FrameCommands, HmgetAnswersAValueForEachKeyItNames) {
  ASSERT_TRUE(client_.answers(wire::hmset("t", {{"a", 1}, {"b", 2.5}}), wire::ok({none, none})));
  EXPECT_TRUE(
      client_.answers(wire::hmget("t", {"b", "absent", "a", "b"}), wire::ok({2.5, none, 1, 2.5})));
  EXPECT_TRUE(client_.answers(wire::hmget("unknown", {"a", "b"}), wire::ok({none, none})));
}

TEST_F(FrameCommands, HgetallAnswersThePairsOfOneTable) {
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok()));
  std::vector<wire::Pair> pairs;
  for (int i = 100; i < 200; ++i) pairs.push_back({"key " + std::to_string(i), i});
  ASSERT_EQ(client_.ask(wire::hmset("t", pairs)).status, 200u);
  ASSERT_TRUE(client_.answers(wire::hset("other", "key 100", "elsewhere"), wire::ok({none})));
  EXPECT_EQ(sorted(client_.ask(wire::hgetall("t"))), wire::ok_pairs(pairs));
}

TEST_F(FrameCommands, HdelAnswersWhatItRemoved) {
  ASSERT_TRUE(client_.answers(wire::hmset("t", {{"a", 1}, {"b", 2}}), wire::ok({none, none})));
  EXPECT_TRUE(client_.answers(wire::hdel("t", "a"), wire::ok({1})));
  EXPECT_TRUE(client_.answers(wire::hdel("t", "a"), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hdel("unknown", "a"), wire::ok({none})));
  EXPECT_TRUE(client_.refuses(wire::hget("t", "a"), 404));
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"b", 2}})));
}

TEST_F(FrameCommands, HmdelAnswersWhatItRemovedInOrder) {
  ASSERT_EQ(client_.ask(wire::hmset("t", {{"a", 1}, {"b", "x"}, {"c", true}})).status, 200u);
  EXPECT_TRUE(client_.answers(wire::hmdel("t", {"c", "absent", "a", "c"}),
                              wire::ok({true, none, 1, none})));
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"b", "x"}})));
  EXPECT_TRUE(client_.answers(wire::hmdel("unknown", {"a"}), wire::ok({none})));
}

TEST_F(FrameCommands, HexistAndHmexistAnswerABoolForEachKey) {
  ASSERT_TRUE(client_.answers(wire::hset("t", "k", false), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hexist("t", "k"), wire::ok({true})));
  EXPECT_TRUE(client_.answers(wire::hexist("t", "absent"), wire::ok({false})));
  EXPECT_TRUE(client_.answers(wire::hexist("unknown", "k"), wire::ok({false})));
  EXPECT_TRUE(client_.answers(wire::hmexist("t", {"x", "k", "k"}), wire::ok({false, true, true})));
  EXPECT_TRUE(client_.answers(wire::hmexist("unknown", {"k"}), wire::ok({false})));
}

TEST_F(FrameCommands, HlenCountsTheKeysOfOneTable) {
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({0})));
  ASSERT_EQ(client_.ask(wire::hmset("t", {{"a", 1}, {"b", 2}, {"c", 3}})).status, 200u);
  ASSERT_EQ(client_.ask(wire::hset("other", "a", 1)).status, 200u);
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({3})));
  ASSERT_EQ(client_.ask(wire::hset("t", "a", 4)).status, 200u);
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({3})))
      << "a key was overwritten, not added";
  ASSERT_EQ(client_.ask(wire::hdel("t", "a")).status, 200u);
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({2})));
}

TEST_F(FrameCommands, EveryValueComesBackBitByBitAndWithItsKind) {
  const std::vector<Value> values = remarkable_values();
  for (const Value& value : values) {
    ASSERT_TRUE(client_.answers(wire::hset("t", "k", value), wire::ok({none})));
    EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({value})));
    EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"k", value}})));
    EXPECT_TRUE(client_.answers(wire::hset("t", "k", value), wire::ok({value})));
    EXPECT_TRUE(client_.answers(wire::hdel("t", "k"), wire::ok({value})));
  }
}

TEST_F(FrameCommands, EveryValuePassesTheManyKeyFormsUnchanged) {
  std::vector<wire::Pair> pairs;
  std::vector<std::string> keys;
  std::vector<MaybeValue> values;
  for (const Value& value : remarkable_values()) {
    keys.push_back("key " + std::to_string(keys.size()));
    pairs.push_back({keys.back(), value});
    values.emplace_back(value);
  }
  const std::vector<MaybeValue> nones(keys.size(), none);
  ASSERT_TRUE(client_.answers(wire::hmset("t", pairs), wire::ok(nones)));
  EXPECT_TRUE(client_.answers(wire::hmget("t", keys), wire::ok(values)));
  EXPECT_TRUE(client_.answers(wire::hmset("t", pairs), wire::ok(values)));
  EXPECT_TRUE(client_.answers(wire::hmdel("t", keys), wire::ok(values)));
  EXPECT_TRUE(client_.answers(wire::hmget("t", keys), wire::ok(nones)));
}

TEST_F(FrameCommands, KeysAndTablesAreTheirBytesAndNothingElse) {
  // Each of these would meet another one if names were joined, trimmed, folded or cut at a NUL.
  const std::vector<std::pair<std::string, std::string>> names{
      {"a:b", "c"},
      {"a", "b:c"},
      {"a", "b"},
      {"a", " b"},
      {"a", "B"},
      {"a", "b\n"},
      {"ab", "b"},
      {"a", {"b\0x", 3}},
      {"a", {"b\0", 2}},
      {{"a\0", 2}, "b"},
      {"ä", "b"},
      {"a\u0308", "b"},
      {"世界", "\U0001F9EA"},
      {"世界", "\U0001F9EB"},
  };
  int number = 0;
  for (const auto& [table, key] : names) {
    EXPECT_TRUE(client_.answers(wire::hset(table, key, ++number), wire::ok({none})))
        << table << key;
  }
  number = 0;
  for (const auto& [table, key] : names) {
    EXPECT_TRUE(client_.answers(wire::hget(table, key), wire::ok({++number}))) << table << key;
  }
}

TEST_F(FrameCommands, AllConnectionsSeeOneStore) {
  FrameClient other{server_.port()};
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", "mine"), wire::ok({none})));
  EXPECT_TRUE(other.answers(wire::hset("t", "k", "theirs"), wire::ok({"mine"})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({"theirs"})));
}

}  // namespace
}  // namespace kv::test
