// Many clients, and one thread.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;

class OneThread : public testing::Test {
 protected:
  void expect_pong(Socket client) {
    client.send("PING\r\n");
    EXPECT_EQ(client.receive_line(), "+PONG\r\n");
  }

  ServerProcess server_;
};

TEST_F(OneThread, AClientThatIsSilentKeepsNobodyWaiting) {
  const auto silent = server_.connect();
  expect_pong(server_.connect());
}

TEST_F(OneThread, CommandsOfManyClientsComeInPiecesAndMixed) {
  std::vector<Socket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(server_.connect());
  for (auto& client : clients) client.send("*2\r\n$4\r\nPI");
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].send("NG\r\n$2\r\n" + std::to_string(10 + i % 90) + "\r\nPING\r\n");
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].receive(8 + 7), "$2\r\n" + std::to_string(10 + i % 90) + "\r\n+PONG\r\n");
  }
  EXPECT_EQ(server_.threads(), 1u);
}

TEST_F(OneThread, AClientThatDoesNotReadKeepsNobodyWaiting) {
  const std::string ping = "*2\r\n$4\r\nPING\r\n$1048576\r\n" + std::string(1 << 20, 'x') + "\r\n";
  auto deaf = server_.connect();
  deaf.set_timeout(1s);
  try {  // until nothing more fits, neither there nor back
    for (int i = 0; i < 64; ++i) deaf.send(ping);
  } catch (const std::runtime_error&) {
  }
  expect_pong(server_.connect());
  EXPECT_LT(server_.resident_bytes(), 64u << 20);
  EXPECT_EQ(deaf.receive(10), "$1048576\r\n") << "and it may read later";
}

TEST_F(OneThread, WhoHasSentNonsenseReadsTheErrorAndKeepsNobodyWaiting) {
  auto wrong = server_.connect();
  wrong.send("*x\r\nPING\r\n");
  EXPECT_EQ(wrong.receive_until_closed(), "-ERR Protocol error: invalid multibulk length\r\n");
  auto other = server_.connect();
  other.send("PING\r\n");
  EXPECT_TRUE(other.readable_within(700ms)) << "the goodbye of another takes a second";
}

TEST_F(OneThread, WhoIsStillSendingReadsTheError) {
  auto wrong = server_.connect();
  wrong.send(std::string(1 << 20, 'x'));
  EXPECT_EQ(wrong.receive_until_closed(), "-ERR Protocol error: too big inline request\r\n");
}

TEST_F(OneThread, TheGoodbyeHasAnEndAlsoWhereTheClientGoesOnSending) {
  auto wrong = server_.connect();
  wrong.send("*x\r\n");
  const auto patience = Clock::now() + 8s;
  try {
    while (Clock::now() < patience) wrong.send(std::string(4096, 'x'));
  } catch (const std::runtime_error&) {  // the server has closed
  }
  EXPECT_LT(Clock::now(), patience);
}

TEST_F(OneThread, WaitingTakesNoTime) {
  auto client = server_.connect();
  auto half = server_.connect();
  half.send("*1\r\n$4\r\nPI");
  expect_pong(server_.connect());
  const double before = server_.cpu_seconds();
  EXPECT_FALSE(client.readable_within(1s));
  EXPECT_LT(server_.cpu_seconds() - before, 0.2);
}

}  // namespace
}  // namespace kv::test
