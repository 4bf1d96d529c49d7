#include <gtest/gtest.h>

#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

TEST(Server, AnswersPing) {
  ServerProcess server;
  auto client = server.connect();
  client.send("PING\r\n*2\r\n$4\r\nping\r\n$5\r\nhello\r\n");
  EXPECT_EQ(client.receive(7 + 11), "+PONG\r\n$5\r\nhello\r\n");
}

TEST(Server, SaysWhichCommandItDoesNotKnow) {
  ServerProcess server;
  auto client = server.connect();
  client.send("LPUSH t k\r\n");
  EXPECT_EQ(client.receive_line(),
            "-ERR unknown command 'LPUSH', with args beginning with: 't' 'k' \r\n");
}

TEST(Server, ServesASecondClientWhileTheFirstIsThere) {
  ServerProcess server;
  RespClient first{server.port()};
  RespClient second{server.port()};
  EXPECT_EQ(first.command({"HSET", "t", "k", "v"}), integer(1));
  EXPECT_EQ(second.command({"HGET", "t", "k"}), bulk("v"));
  EXPECT_EQ(first.command({"HLEN", "t"}), integer(1));
}

TEST(Server, AClientInMidCommandHoldsUpNobody) {
  ServerProcess server;
  auto slow = server.connect();
  slow.send("PING\r\n*2\r\n$4\r\nPI");
  EXPECT_EQ(slow.receive_line(), "+PONG\r\n");  // so it is being served
  EXPECT_EQ(RespClient{server.port()}.command({"PING"}), simple("PONG"));
  slow.send("NG\r\n$2\r\nhi\r\n");
  EXPECT_EQ(slow.receive(8), "$2\r\nhi\r\n");
}

TEST(Server, LivesOnWhenAClientLeavesInMidCommand) {
  ServerProcess server;
  server.connect().send("*2\r\n$4\r\nPI");
  auto resetting = server.connect();
  resetting.send("*2\r\n$4\r\nPI");
  resetting.reset();
  auto client = server.connect();
  client.send("PING\r\n");
  EXPECT_EQ(client.receive_line(), "+PONG\r\n");
}

TEST(Server, TellsOneClientTooManyThatItIs) {
  ServerProcess server{{"--max-connections", "2"}};
  RespClient first{server.port()};
  RespClient second{server.port()};
  EXPECT_EQ(first.command({"PING"}), simple("PONG"));
  EXPECT_EQ(second.command({"PING"}), simple("PONG"));
  EXPECT_EQ(RespClient{server.port()}.receive_last(), error("ERR max number of clients reached"));
  EXPECT_EQ(first.command({"PING"}), simple("PONG"));
}

TEST(Server, TakesNoMoreClientsThanItMayHaveDescriptors) {
  ServerProcess server{ServerProcess::Options{.before = {"prlimit", "--nofile=64:64"}}};
  EXPECT_TRUE(
      server.log_holds("at most 32 connections in place of 10000: the limit of open files "
                       "is 64 (ulimit -n)"));
}

TEST(Server, EndsWithZeroWhenToldTo) {
  ServerProcess server;
  const auto client = server.connect();
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
}  // namespace kv::test
