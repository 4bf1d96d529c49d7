// ECHO.

#include <gtest/gtest.h>

#include <string>

#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

class Echo : public testing::Test {
 protected:
  std::string reply_to(std::string_view command) {
    client_.send(command);
    return client_.receive_line();
  }

  ServerProcess server_;
  Socket client_ = server_.connect();
};

TEST_F(Echo, AnswersItsMessage) {
  EXPECT_EQ(reply_to("ECHO hello\r\n"), "$5\r\n");
  EXPECT_EQ(client_.receive_line(), "hello\r\n");
}

TEST_F(Echo, TheMessageMayHoldAnyByteOrNone) {
  client_.send({"*2\r\n$4\r\neChO\r\n$3\r\n\r\0\n\r\n*2\r\n$4\r\necho\r\n$0\r\n\r\n", 43});
  EXPECT_EQ(client_.receive(9 + 6), (std::string{"$3\r\n\r\0\n\r\n$0\r\n\r\n", 15}));
}

TEST_F(Echo, TakesOneMessage) {
  const std::string refusal = "-ERR wrong number of arguments for 'echo' command\r\n";
  EXPECT_EQ(reply_to("ECHO\r\n"), refusal);
  EXPECT_EQ(reply_to("ECHO two words\r\n"), refusal);
}

TEST_F(Echo, PingIsAsItWas) {
  EXPECT_EQ(reply_to("PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(reply_to("PING two words\r\n"),
            "-ERR wrong number of arguments for 'ping' command\r\n");
  EXPECT_EQ(reply_to("ECHOES a\r\n"),
            "-ERR unknown command 'ECHOES', with args beginning with: 'a' \r\n");
}

}  // namespace
}  // namespace kv::test
