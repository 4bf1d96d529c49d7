#include "wire/connection_commands.hpp"

#include <gmock/gmock.h>

#include "base/limits.hpp"

// That the replies are Redis's own is compared with a real one in
// tests/redis_differential_test.cpp.

namespace kv {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Answered = ConnectionCommands::Answered;

struct ConnectionCommandsTest : testing::Test {
  ConnectionCommands commands;

  std::string reply(const Words& words) {
    std::string out;
    EXPECT_EQ(commands.answer(words, out), Answered::yes) << testing::PrintToString(words);
    return out;
  }
};

TEST_F(ConnectionCommandsTest, WhatIsAboutDataIsLeftToOthers) {
  for (const auto* const name : {"ping", "hget", "hset", "", "echoes", "nonsense"}) {
    std::string out;
    EXPECT_EQ(commands.answer({name, "t", "k"}, out), Answered::no) << name;
    EXPECT_EQ(out, "");
  }
}

TEST_F(ConnectionCommandsTest, EchoGivesAnyBytesBack) {
  EXPECT_EQ(reply({"ECHO", "two\r\nlines"}), "$10\r\ntwo\r\nlines\r\n");
  EXPECT_EQ(reply({"echo"}), "-ERR wrong number of arguments for 'echo' command\r\n");
}

TEST_F(ConnectionCommandsTest, QuitIsAnsweredAndCloses) {
  std::string out;
  EXPECT_EQ(commands.answer({"quit", "now"}, out), Answered::and_close);
  EXPECT_EQ(out, "+OK\r\n");
}

TEST_F(ConnectionCommandsTest, ThereIsOneDatabase) {
  EXPECT_EQ(reply({"SELECT", "0"}), "+OK\r\n");
  for (const auto* const other : {"1", "-1", "15", "16"})
    EXPECT_EQ(reply({"SELECT", other}), "-ERR DB index is out of range\r\n");
  EXPECT_THAT(reply({"SELECT", "00"}), StartsWith("-ERR value is not an integer"));
}

TEST_F(ConnectionCommandsTest, HelloTellsWhoIsThere) {
  const std::string greeting = reply({"HELLO"});
  EXPECT_THAT(greeting, StartsWith("*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"));
  EXPECT_THAT(greeting, HasSubstr("$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:"));
  EXPECT_EQ(reply({"HELLO", "2"}), greeting);
  EXPECT_EQ(reply({"hello", "2", "auth", "default", "any"}), greeting);
}

TEST_F(ConnectionCommandsTest, HelloKnowsOneVersionOfTheProtocol) {
  for (const auto* const other : {"0", "1", "3", "4", "-2"})
    EXPECT_EQ(reply({"HELLO", other}), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_THAT(reply({"HELLO", "two"}), StartsWith("-ERR Protocol version is not an integer"));
}

TEST_F(ConnectionCommandsTest, HelloNamesTheConnectionUnlessItIsRefusedBeforeThat) {
  EXPECT_THAT(reply({"HELLO", "2", "AUTH", "somebody", "p", "SETNAME", "n"}),
              StartsWith("-WRONGPASS "));
  EXPECT_EQ(reply({"CLIENT", "GETNAME"}), "$-1\r\n");
  EXPECT_THAT(reply({"HELLO", "2", "SETNAME", "n"}), StartsWith("*14\r\n"));
  EXPECT_EQ(reply({"CLIENT", "GETNAME"}), "$1\r\nn\r\n");
  EXPECT_THAT(reply({"HELLO", "2", "SETNAME"}), StartsWith("-ERR Syntax error in HELLO option"));
}

TEST_F(ConnectionCommandsTest, ANameHoldsNoSpacesAndNoControls) {
  EXPECT_EQ(reply({"CLIENT", "SETNAME", "worker-1"}), "+OK\r\n");
  for (const auto* const bad : {"two words", "a\n", "\x7f", "\xff"})
    EXPECT_THAT(reply({"CLIENT", "SETNAME", bad}), StartsWith("-ERR Client names cannot contain"));
  EXPECT_EQ(reply({"CLIENT", "GETNAME"}), "$8\r\nworker-1\r\n");
  EXPECT_EQ(reply({"CLIENT", "SETNAME", ""}), "+OK\r\n");
  EXPECT_EQ(reply({"CLIENT", "GETNAME"}), "$-1\r\n");
}

TEST_F(ConnectionCommandsTest, ANameHasALimit) {
  EXPECT_EQ(reply({"CLIENT", "SETNAME", std::string(name_bytes_max, 'n')}), "+OK\r\n");
  EXPECT_THAT(reply({"CLIENT", "SETNAME", std::string(name_bytes_max + 1, 'n')}),
              StartsWith("-ERR client name of 1025 bytes"));
}

TEST_F(ConnectionCommandsTest, EveryConnectionHasAnIdOfItsOwn) {
  std::string other;
  EXPECT_EQ(ConnectionCommands{}.answer({"CLIENT", "ID"}, other), Answered::yes);
  EXPECT_THAT(other, StartsWith(":"));
  EXPECT_NE(reply({"CLIENT", "ID"}), other);
  EXPECT_EQ(reply({"CLIENT", "ID"}), reply({"CLIENT", "ID"}));
}

// No 7.0 has it: the differential test cannot know.
TEST_F(ConnectionCommandsTest, ClientsMayTellTheirLibrary) {
  EXPECT_EQ(reply({"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}), "+OK\r\n");
  EXPECT_EQ(reply({"client", "setinfo", "lib-ver", "5.0"}), "+OK\r\n");
  EXPECT_THAT(reply({"CLIENT", "SETINFO", "lib-name", "a b"}),
              StartsWith("-ERR lib-name cannot contain spaces"));
  EXPECT_THAT(reply({"CLIENT", "SETINFO", "x", "y"}), StartsWith("-ERR Unrecognized option 'x'"));
}

TEST_F(ConnectionCommandsTest, InfoHasTheSectionsAskedFor) {
  const std::string all = reply({"INFO"});
  EXPECT_THAT(all, HasSubstr("# Server\r\nredis_version:7.0.0\r\n"));
  EXPECT_THAT(all, HasSubstr("\r\n\r\n# Persistence\r\nloading:0\r\n"));
  EXPECT_EQ(reply({"info", "ALL"}), all);
  EXPECT_EQ(reply({"INFO", "persistence"}), "$26\r\n# Persistence\r\nloading:0\r\n\r\n");
  EXPECT_THAT(reply({"INFO", "server", "PERSISTENCE"}), Not(HasSubstr("role:")));
  EXPECT_EQ(reply({"INFO", "nonsense"}), "$0\r\n\r\n");
}

TEST_F(ConnectionCommandsTest, ThereIsNoListOfCommands) {
  EXPECT_EQ(reply({"COMMAND"}), "*0\r\n");
  EXPECT_EQ(reply({"COMMAND", "DOCS", "get"}), "*0\r\n");
  EXPECT_EQ(reply({"COMMAND", "COUNT"}), ":0\r\n");
  EXPECT_THAT(reply({"COMMAND", "FOO"}), StartsWith("-ERR unknown subcommand 'FOO'."));
}

TEST_F(ConnectionCommandsTest, NoErrorRepeatsAWordInAllItsLength) {
  const std::string word(100'000, 'w');
  for (const Words& words : {Words{"CLIENT", word}, Words{"COMMAND", word},
                             Words{"HELLO", "2", word}, Words{"CLIENT", "SETINFO", word, "v"}})
    EXPECT_LT(reply(words).size(), 256u);
}

}  // namespace
}  // namespace kv
