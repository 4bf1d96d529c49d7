#include <gtest/gtest.h>

#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

TEST(ClientProgram, PrintsTypedValues) {
  ServerProcess server;
  const auto out = [&](const std::vector<std::string>& words) {
    const auto finished = run_client(server.port(), words);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
  };
  EXPECT_EQ(out({"ping"}), "PONG\n");
  EXPECT_EQ(out({"hset", "t", "a", "int:42"}), "(nil)\n");
  EXPECT_EQ(out({"hset", "t", "a", "hex:00ff"}), "42\n");
  EXPECT_EQ(out({"hmget", "t", "a", "x"}), "hex:00ff\n(nil)\n");
  EXPECT_EQ(out({"hgetall", "t"}), "a\thex:00ff\n");
  EXPECT_EQ(out({"hmexist", "t", "x", "a"}), "false\ntrue\n");
}

TEST(ClientProgram, ReadsCommandsFromStandardInputAndGoesOnAfterErrors) {
  ServerProcess server;
  const auto finished = run_client(server.port(), {}, "ping a\nhget t k\nnonsense\nping \"b c\"\n");
  EXPECT_EQ(finished.out, "a\nb c\n");
  EXPECT_EQ(finished.err.substr(0, 11), "error 404: ");
  EXPECT_EQ(finished.status, 1);
}

TEST(ClientProgram, SaysHowItWentByItsExitStatus) {
  ServerProcess server;
  EXPECT_EQ(run_client(server.port(), {"ping"}).status, 0);
  EXPECT_EQ(run_client(server.port(), {"hget", "t", "k"}).status, 1);
  EXPECT_EQ(run_client(server.port(), {"hset", "t", "k", "int:x"}).status, 2);
  EXPECT_EQ(run_client(server.port(), {"nonsense"}).status, 2);
  server.kill_9();
  EXPECT_EQ(run_client(server.port(), {"ping"}).status, 3);
}

}  // namespace
}  // namespace kv::test
