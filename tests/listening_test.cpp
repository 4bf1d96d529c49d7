// What "listening on" promises: a connection now will be answered. And what every connection has:
// the kernel asks for a client that has gone without a word.

#include "listening.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "fixtures/resp_client.hpp"

namespace kv::test {
namespace {

bool answers_resp(std::uint16_t port) {
  return RespClient{port}.command({"PING"}) == simple("PONG");
}

TEST(ListeningResp, MeansAnAnswerHoweverFewDescriptorsThereAre) {
  expect_an_answer_or_no_start({}, answers_resp);
}
TEST(ListeningRespThreads, WithoutAThreadForAConnectionItDoesNotStart) {
  EXPECT_FALSE(starts(no_threads, {}, answers_resp));
}

/// When the kernel next asks, by /proc/net/tcp (proc(5)), for the socket that the server has
/// towards `client`; -1: never. There a port is a hexadecimal number, and timer 02 is that of
/// keepalive.
double keepalive_seconds(std::uint16_t server_port, const Socket& client) {
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  ::getsockname(client.descriptor(), reinterpret_cast<sockaddr*>(&own), &length);
  std::ifstream table{"/proc/net/tcp"};
  for (std::string line; std::getline(table, line);) {
    unsigned local = 0, remote = 0, timer = 0;
    unsigned long ticks = 0;
    if (std::sscanf(line.c_str(), " %*u: %*8x:%x %*8x:%x %*x %*x:%*x %x:%lx", &local, &remote,
                    &timer, &ticks) != 4)
      continue;
    if (local == server_port && remote == ntohs(own.sin_port) && timer == 2)
      return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return -1;
}

TEST(Keepalive, TheKernelAsksForAClientThatIsSilentForAMinute) {
  const ServerProcess server;
  const Socket client = server.connect();
  const auto end = std::chrono::steady_clock::now() + 10s;
  double seconds = -1;
  while (seconds < 0 && std::chrono::steady_clock::now() < end) {  // until it has been accepted
    seconds = keepalive_seconds(server.port(), client);
    std::this_thread::yield();
  }
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, 61);
}

}  // namespace
}  // namespace kv::test
