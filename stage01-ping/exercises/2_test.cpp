// A limit to how long the server waits for a command: kv-server --idle-timeout SECONDS.

#include <gtest/gtest.h>

#include <string>
#include <system_error>

#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> seconds(const std::string& number) { return {"--idle-timeout", number}; }

TEST(IdleTimeout, AClientThatIsSilentLosesItsTurn) {
  ServerProcess server{seconds("1")};
  auto silent = server.connect();
  auto next = server.connect();
  next.send("PING\r\n");
  EXPECT_EQ(next.receive_line(), "+PONG\r\n");
  EXPECT_EQ(silent.receive_until_closed(), "") << "there is nothing to say to it";
}

TEST(IdleTimeout, AClientThatAsksNowAndThenStays) {
  ServerProcess server{seconds("2")};
  auto client = server.connect();
  for (const auto end = Clock::now() + 4s; Clock::now() < end;) {
    client.send("PING\r\n");
    ASSERT_EQ(client.receive_line(), "+PONG\r\n");
    EXPECT_FALSE(client.readable_within(300ms)) << "that is the end of it";
  }
}

/// The time is for a whole command, or one byte now and then would hold the server for ever.
TEST(IdleTimeout, ByteByByteIsNoWayToStay) {
  ServerProcess server{seconds("1")};
  auto slow = server.connect();
  const auto patience = Clock::now() + 8s;
  try {
    while (Clock::now() < patience && !slow.readable_within(100ms)) slow.send("P");
  } catch (const std::system_error&) {  // the server has closed
  }
  EXPECT_LT(Clock::now(), patience) << "it is still there";
}

TEST(IdleTimeout, AValueThatIsNoNumberOfSecondsIsRefused) {
  for (const auto* const value : {"0", "-1", "x"}) {
    const auto server = run({server_program(), "--port", "0", "--idle-timeout", value});
    EXPECT_EQ(server.status, 2) << value;
    EXPECT_NE(server.err.find("--idle-timeout"), std::string::npos) << server.err;
    EXPECT_NE(server.err.find(" from 1 to "), std::string::npos) << server.err;
  }
}

}  // namespace
}  // namespace kv::test
