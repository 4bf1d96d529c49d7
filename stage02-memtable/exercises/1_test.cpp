#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"

// HSTRLEN table key: the length of a value, in bytes.

namespace kv::test {
namespace {

struct Hstrlen : testing::Test {
  ServerProcess server;
  RespClient client{server.port()};
};

TEST_F(Hstrlen, IsTheLengthOfTheValue) {
  client.command({"HSET", "t", "k", "four", "empty", "", "any", std::string{"\0\r\n\xff", 4}});
  EXPECT_EQ(client.command({"HSTRLEN", "t", "k"}), integer(4));
  EXPECT_EQ(client.command({"hstrlen", "t", "empty"}), integer(0));
  EXPECT_EQ(client.command({"HStrLen", "t", "any"}), integer(4)) << "bytes, whatever they are";
}

TEST_F(Hstrlen, OfTheLargestValueToo) {
  client.command({"HSET", "t", "k", std::string(value_bytes_max, 'v')});
  EXPECT_EQ(client.command({"HSTRLEN", "t", "k"}), integer(value_bytes_max));
}

TEST_F(Hstrlen, WhatIsNotThereHasNoLength) {
  client.command({"HSET", "t", "k", "v"});
  EXPECT_EQ(client.command({"HSTRLEN", "t", "no such key"}), integer(0));
  EXPECT_EQ(client.command({"HSTRLEN", "no such table", "k"}), integer(0));
}

TEST_F(Hstrlen, TakesATableAndAKey) {
  for (const auto& words :
       {std::vector<std::string>{"HSTRLEN"}, {"HSTRLEN", "t"}, {"HSTRLEN", "t", "k", "l"}})
    EXPECT_EQ(client.command(words), error("ERR wrong number of arguments for 'hstrlen' command"));
}

TEST_F(Hstrlen, HasTheLimitsOfTheOtherCommands) {
  const std::string name(name_bytes_max + 1, 'n');
  EXPECT_EQ(client.command({"HSTRLEN", "t", name}),
            error("ERR key of 1025 bytes; the limit is 1024"));
  EXPECT_EQ(client.command({"HSTRLEN", name, "k"}),
            error("ERR table name of 1025 bytes; the limit is 1024"));
}

}  // namespace
}  // namespace kv::test
