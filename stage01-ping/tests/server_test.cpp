#include <gtest/gtest.h>

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
  client.send("HSET t k\r\n");
  EXPECT_EQ(client.receive_line(),
            "-ERR unknown command 'HSET', with args beginning with: 't' 'k' \r\n");
}

TEST(Server, KeepsASecondClientWaitingUntilTheFirstHasLeft) {
  ServerProcess server;
  auto first = server.connect();
  first.send("PING\r\n");
  EXPECT_EQ(first.receive_line(), "+PONG\r\n");  // so it is this one that is being served

  auto second = server.connect();
  second.send("PING\r\n");
  EXPECT_FALSE(second.readable_within(200ms));
  first.half_close();
  EXPECT_EQ(second.receive_line(), "+PONG\r\n");
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

TEST(Server, EndsWithZeroWhenToldTo) {
  ServerProcess server;
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
}  // namespace kv::test
