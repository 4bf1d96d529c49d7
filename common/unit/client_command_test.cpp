#include "client/client_command.hpp"

#include <gmock/gmock.h>

namespace kv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// The command of this type that the words stand for.
template <class Command>
Command read(const Words& words) {
  const auto request = client_command(words);
  if (!request || !std::holds_alternative<Command>(*request)) {
    ADD_FAILURE() << testing::PrintToString(words) << " is "
                  << (request ? "another command" : request.error().message);
    return {};
  }
  return std::get<Command>(*request);
}

std::string error_of(const Words& words) {
  const auto request = client_command(words);
  return request ? "(no error)" : request.error().message;
}

TEST(ClientCommand, PingMayHaveAMessage) {
  EXPECT_EQ(read<Ping>({"ping"}).message, std::nullopt);
  EXPECT_EQ(read<Ping>({"ping", "hello"}).message, "hello");
}

TEST(ClientCommand, ATableAndAKeyAreTakenInTheirOrder) {
  EXPECT_EQ(read<Hget>({"hget", "t", "k"}).table, "t");
  EXPECT_EQ(read<Hget>({"hget", "t", "k"}).key, "k");
  EXPECT_EQ(read<Hdel>({"hdel", "t", "k"}).table, "t");
  EXPECT_EQ(read<Hdel>({"hdel", "t", "k"}).key, "k");
  EXPECT_EQ(read<Hexist>({"hexist", "t", "k"}).table, "t");
  EXPECT_EQ(read<Hexist>({"hexist", "t", "k"}).key, "k");
}

TEST(ClientCommand, ATableMayStandAlone) {
  EXPECT_EQ(read<Hgetall>({"hgetall", "t"}).table, "t");
  EXPECT_EQ(read<Hlen>({"hlen", "t"}).table, "t");
  EXPECT_EQ(read<Watch>({"watch", "t"}).table, "t");
}

TEST(ClientCommand, InfoTakesNothing) {
  (void)read<Info>({"info"});
  EXPECT_EQ(error_of({"info", "t"}), "usage: info ");
}

TEST(ClientCommand, ManyKeysAreTakenInTheirOrder) {
  EXPECT_EQ(read<Hmget>({"hmget", "t", "a"}).table, "t");
  EXPECT_THAT(read<Hmget>({"hmget", "t", "a"}).keys, ElementsAre("a"));
  EXPECT_THAT(read<Hmdel>({"hmdel", "t", "b", "a", "b"}).keys, ElementsAre("b", "a", "b"));
  EXPECT_THAT(read<Hmexist>({"hmexist", "t", "b", "a"}).keys, ElementsAre("b", "a"));
}

TEST(ClientCommand, AValueHasTheTypeThatIsTyped) {
  EXPECT_EQ(read<Hset>({"hset", "t", "k", "v"}).table, "t");
  EXPECT_EQ(read<Hset>({"hset", "t", "k", "v"}).entry, (Entry{"k", "v"}));
  EXPECT_EQ(read<Hset>({"hset", "t", "k", "int:42"}).entry, (Entry{"k", std::int64_t{42}}));
  EXPECT_EQ(read<Hmset>({"hmset", "t", "a", "bool:true"}).table, "t");
  EXPECT_THAT(
      read<Hmset>({"hmset", "t", "a", "bool:true", "b", "str:int:1", "a", "hex:00"}).entries,
      ElementsAre(Entry{"a", true}, Entry{"b", "int:1"}, Entry{"a", Binary{{"\0", 1}}}));
}

TEST(ClientCommand, ATypeStandsInValuesOnly) {
  EXPECT_EQ(read<Hset>({"hset", "int:1", "int:2", "v"}).table, "int:1");
  EXPECT_EQ(read<Hset>({"hset", "int:1", "int:2", "v"}).entry.key, "int:2");
}

TEST(ClientCommand, AValueThatIsNoneOfItsTypeIsRefused) {
  EXPECT_THAT(error_of({"hset", "t", "k", "int:x"}), HasSubstr("'int:x'"));
  EXPECT_THAT(error_of({"hmset", "t", "a", "int:1", "b", "bool:x"}), HasSubstr("'bool:x'"));
}

TEST(ClientCommand, TheWrongNumberOfWordsIsToldHowToBeUsed) {
  EXPECT_EQ(error_of({"ping", "a", "b"}), "usage: ping [MESSAGE]");
  EXPECT_EQ(error_of({"hget", "t"}), "usage: hget T K");
  EXPECT_EQ(error_of({"hset", "t", "k"}), "usage: hset T K V");
  EXPECT_EQ(error_of({"hmset", "t", "k"}), "usage: hmset T K V [K V]...");
  const Words wrong[] = {{"hget", "t", "k", "l"},
                         {"hgetall"},
                         {"hgetall", "t", "k"},
                         {"hmget", "t"},
                         {"hset", "t", "k", "v", "w"},
                         {"hmset", "t", "k", "v", "l"},
                         {"hdel", "t"},
                         {"hdel", "t", "k", "l"},
                         {"hmdel", "t"},
                         {"hexist", "t"},
                         {"hexist", "t", "k", "l"},
                         {"hmexist", "t"},
                         {"hlen"},
                         {"hlen", "t", "k"},
                         {"watch"},
                         {"watch", "t", "k"}};
  for (const auto& words : wrong) {
    EXPECT_THAT(error_of(words), StartsWith("usage: " + words[0] + " T"));
  }
}

TEST(ClientCommand, ANameMayBeInAnyCase) {
  EXPECT_EQ(read<Hget>({"HGET", "T", "K"}).table, "T");
  EXPECT_EQ(read<Hmset>({"hMSet", "t", "a", "1"}).table, "t");
  EXPECT_EQ(error_of({"HGET", "t"}), "usage: hget T K");
  EXPECT_EQ(error_of({"HMSET", "t", "a", "1", "b"}), "usage: hmset T K V [K V]...");
}

TEST(ClientCommand, AnUnknownNameIsAnsweredWithThoseThatAreKnown) {
  for (const char* name : {"nonsense", "hge", "hgets", ""}) {
    EXPECT_EQ(error_of({name}),
              "unknown command '" + std::string{name} + "'; the commands are: " + client_commands);
  }
}

TEST(ClientCommand, AnAnswerIsPrintedALineForEachThingInIt) {
  EXPECT_EQ(to_text(Response{.message = "PONG"}), "PONG\n");
  EXPECT_EQ(to_text(Response{.values = {"a", std::nullopt, std::int64_t{1}}}), "a\n(nil)\n1\n");
  EXPECT_EQ(to_text(Response{.pairs = {{"k", "v"}, {"l", Binary{"\xff"}}}}), "k\tv\nl\thex:ff\n");
  EXPECT_EQ(to_text(Response{}), "");
}

}  // namespace
}  // namespace kv
