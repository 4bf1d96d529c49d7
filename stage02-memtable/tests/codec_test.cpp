#include "wire/codec.hpp"

#include <gmock/gmock.h>

#include "base/limits.hpp"

namespace kv {
namespace {

using testing::ElementsAre;

/// What a command holds, in the order in which its words came.
Words parts_of(const Request& request) {
  Words parts;
  std::visit(
      [&](const auto& command) {
        if constexpr (requires { command.message; }) {
          if (command.message) parts.push_back(*command.message);
        }
        if constexpr (requires { command.table; }) parts.push_back(command.table);
        if constexpr (requires { command.key; }) parts.push_back(command.key);
        if constexpr (requires { command.keys; })
          parts.insert(parts.end(), command.keys.begin(), command.keys.end());
        if constexpr (requires { command.entries; }) {
          for (const auto& entry : command.entries) {
            parts.push_back(entry.key);
            parts.push_back(entry.value.value());
          }
        }
      },
      request);
  return parts;
}

/// The command in the words: of this type, with every word in its place, to be answered in this
/// shape.
template <class Command>
void expect_read(const Words& words, ReplyShape shape) {
  SCOPED_TRACE(testing::PrintToString(words));
  const auto call = decode(words);
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_TRUE(std::holds_alternative<Command>(call->request));
  EXPECT_EQ(parts_of(call->request), Words(words.begin() + 1, words.end()));
  EXPECT_EQ(call->shape, shape);
}

std::string error_of(const Words& words) {
  const auto call = decode(words);
  return call ? "(no error)" : call.error().message;
}

std::string encoded(const Response& response, ReplyShape shape) {
  std::string out = "what was there before, ";
  encode(response, shape, out);
  EXPECT_TRUE(out.starts_with("what was there before, "));
  return out.substr(std::string_view{"what was there before, "}.size());
}

TEST(Codec, PingIsReadWithAndWithoutAMessage) {
  expect_read<Ping>({"PING"}, ReplyShape::pong);
  expect_read<Ping>({"PING", "hello"}, ReplyShape::echo);
  expect_read<Ping>({"PING", ""}, ReplyShape::echo);
}

TEST(Codec, CommandsOnOneKeyAreRead) {
  expect_read<Hget>({"HGET", "t", "k"}, ReplyShape::value);
  expect_read<Hexist>({"HEXISTS", "t", "k"}, ReplyShape::count);
}

TEST(Codec, CommandsOnATableAreRead) {
  expect_read<Hgetall>({"HGETALL", "t"}, ReplyShape::pairs);
  expect_read<Hlen>({"HLEN", "t"}, ReplyShape::count);
}

TEST(Codec, CommandsOnManyKeysAreRead) {
  expect_read<Hmget>({"HMGET", "t", "a"}, ReplyShape::values);
  expect_read<Hmget>({"HMGET", "t", "b", "a", "b"}, ReplyShape::values);
  expect_read<Hdel>({"HDEL", "t", "a"}, ReplyShape::count);
  expect_read<Hdel>({"HDEL", "t", "a", "b", "c"}, ReplyShape::count);
}

TEST(Codec, CommandsThatSetAreRead) {
  expect_read<Hset>({"HSET", "t", "k", "v"}, ReplyShape::count);
  expect_read<Hset>({"HSET", "t", "b", "2", "a", "1"}, ReplyShape::count);
  expect_read<Hset>({"HMSET", "t", "k", "v"}, ReplyShape::done);
  expect_read<Hset>({"HMSET", "t", "b", "2", "a", "1", "b", "3"}, ReplyShape::done);
}

TEST(Codec, WordsMayBeEmptyAndHoldAnyByte) {
  const std::string any{"\0\r\n \xff", 5};
  expect_read<Hset>({"HSET", "", "", ""}, ReplyShape::count);
  expect_read<Hset>({"HSET", any, any, any}, ReplyShape::count);
}

TEST(Codec, NamesMayBeInAnyCase) {
  expect_read<Hget>({"hget", "T", "K"}, ReplyShape::value);
  expect_read<Hget>({"hGeT", "T", "K"}, ReplyShape::value);
  expect_read<Hgetall>({"hgetALL", "T"}, ReplyShape::pairs);
}

TEST(Codec, TheWrongNumberOfWordsIsRefusedInRedissWords) {
  const Words wrong[] = {
      {"PING", "a", "b"},
      {"HGET"},
      {"HGET", "t"},
      {"HGET", "t", "k", "l"},
      {"HGETALL"},
      {"HGETALL", "t", "u"},
      {"HMGET"},
      {"HMGET", "t"},
      {"HSET"},
      {"HSET", "t"},
      {"HSET", "t", "k"},
      {"HSET", "t", "k", "v", "l"},
      {"HMSET"},
      {"HMSET", "t"},
      {"HMSET", "t", "k"},
      {"HMSET", "t", "k", "v", "l"},
      {"HDEL"},
      {"HDEL", "t"},
      {"HEXISTS"},
      {"HEXISTS", "t"},
      {"HEXISTS", "t", "k", "l"},
      {"HLEN"},
      {"HLEN", "t", "u"},
  };
  for (const auto& words : wrong) {
    std::string name = words[0];
    for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
    EXPECT_EQ(error_of(words), "wrong number of arguments for '" + name + "' command")
        << testing::PrintToString(words);
  }
}

TEST(Codec, AnUnknownCommandIsNamedAsItWasWritten) {
  EXPECT_EQ(error_of({"Nonsense"}), "unknown command 'Nonsense', with args beginning with: ");
  EXPECT_EQ(error_of({"HGE", "t", ""}), "unknown command 'HGE', with args beginning with: 't' '' ");
  EXPECT_EQ(error_of({""}), "unknown command '', with args beginning with: ");
}

TEST(Codec, OfAnUnknownCommandAsMuchIsShownAsRedisDoes) {
  const std::string most(128, 'a');
  const auto beginning = [](const std::string& name) {
    return "unknown command '" + name + "', with args beginning with: ";
  };
  EXPECT_EQ(error_of({most + "b"}), beginning(most));
  EXPECT_EQ(error_of({"X", most}), beginning("X") + "'" + most + "' ");
  EXPECT_EQ(error_of({"X", most + "b"}), beginning("X") + "'" + most + "' ");
  // The quotes and the space behind a word count too: 122 bytes leave room for three more, 125 for
  // none.
  EXPECT_EQ(error_of({"X", most.substr(0, 122), "word"}),
            beginning("X") + "'" + most.substr(0, 122) + "' 'wor' ");
  EXPECT_EQ(error_of({"X", most.substr(0, 125), "word"}),
            beginning("X") + "'" + most.substr(0, 125) + "' ");
}

TEST(Codec, PingIsAnsweredByASimpleStringAndAnEchoByABulkString) {
  EXPECT_EQ(encoded({.message = "PONG"}, ReplyShape::pong), "+PONG\r\n");
  EXPECT_EQ(encoded({.message = "two\r\nlines"}, ReplyShape::echo), "$10\r\ntwo\r\nlines\r\n");
}

TEST(Codec, AValueIsABulkString) {
  EXPECT_EQ(encoded({.values = {"v"}}, ReplyShape::value), "$1\r\nv\r\n");
  EXPECT_EQ(encoded({.values = {""}}, ReplyShape::value), "$0\r\n\r\n");
}

TEST(Codec, AnAbsentValueIsNil) {
  EXPECT_EQ(encoded({.status = Status::not_found, .message = "not found"}, ReplyShape::value),
            "$-1\r\n");
}

TEST(Codec, ManyValuesAreAnArrayWithNilForTheAbsentOnes) {
  EXPECT_EQ(encoded({.values = {"b", std::nullopt, ""}}, ReplyShape::values),
            "*3\r\n$1\r\nb\r\n$-1\r\n$0\r\n\r\n");
}

TEST(Codec, PairsAreAnArrayOfKeyAndValueInTurn) {
  EXPECT_EQ(encoded({.pairs = {{"a", "1"}, {"b", "2"}}}, ReplyShape::pairs),
            "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n");
  EXPECT_EQ(encoded({}, ReplyShape::pairs), "*0\r\n");
}

TEST(Codec, ACountIsANumber) {
  EXPECT_EQ(encoded({.count = 0}, ReplyShape::count), ":0\r\n");
  EXPECT_EQ(encoded({.count = 1'000'000}, ReplyShape::count), ":1000000\r\n");
}

TEST(Codec, HmsetTellsNothingButThatItIsDone) {
  EXPECT_EQ(encoded({.count = 2}, ReplyShape::done), "+OK\r\n");
}

TEST(Codec, AnErrorIsAnErrorInEveryShape) {
  using enum ReplyShape;
  for (const auto shape : {pong, echo, value, values, pairs, ReplyShape::count, done}) {
    EXPECT_EQ(encoded({.status = Status::too_large, .message = "key of 2\r\n bytes"}, shape),
              "-ERR key of 2   bytes\r\n");
  }
}

TEST(Codec, WhatAnAnswerTakesIsCountedToTheByte) {
  const auto limit = answer_limit();
  EXPECT_EQ(limit.bytes_max, answer_bytes_max);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{9}, std::size_t{10}, std::size_t{99},
                                  std::size_t{100}, name_bytes_max, value_bytes_max}) {
    const std::string text(bytes, 'x');
    EXPECT_EQ(encoded({.values = {text}}, ReplyShape::value).size(), limit.value_bytes(text));
    const Entry entry{text.substr(0, name_bytes_max), text};
    EXPECT_EQ(encoded({.pairs = {entry}}, ReplyShape::pairs).size(),
              limit.entry_bytes(entry) + std::string_view{"*2\r\n"}.size());
  }
  const std::string nil = encoded({.values = {std::nullopt}}, ReplyShape::values);
  EXPECT_EQ(nil.size(), limit.value_bytes(std::nullopt) + std::string_view{"*1\r\n"}.size());
}

}  // namespace
}  // namespace kv
