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

TEST(ClientProgram, PrintsTheAnswer) {
  ServerProcess server;
  EXPECT_EQ(run_client(server.port(), {"ping"}).out, "PONG\n");
  EXPECT_EQ(run_client(server.port(), {"ping", "two\r\nlines"}).out, "two\r\nlines\n");
  for (const std::string typed : {"-x", "--port", "--help", "[a,b]", "--"}) {
    EXPECT_EQ(run_client(server.port(), {"ping", typed}).out, typed + "\n");
  }
}

TEST(ClientProgram, ReadsCommandsFromStandardInputAndGoesOnAfterErrors) {
  ServerProcess server;
  const auto finished = run_client(server.port(), {}, "ping a\nnonsense\n\nping \"b c\"\n");
  EXPECT_EQ(finished.out, "a\nb c\n");
  EXPECT_EQ(finished.status, 1);
}

TEST(ClientProgram, SaysHowItWentByItsExitStatus) {
  ServerProcess server;
  EXPECT_EQ(run_client(server.port(), {"ping"}).status, 0);
  EXPECT_EQ(run_client(server.port(), {"ping", "too", "many"}).status, 2);
  EXPECT_EQ(run_client(server.port(), {"nonsense"}).status, 2);
  server.kill_9();
  EXPECT_EQ(run_client(server.port(), {"ping"}).status, 3);
}

}  // namespace
}  // namespace kv::test
