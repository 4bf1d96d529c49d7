// What "listening on" promises: a connection now will be answered. And what every connection has:
// the kernel asks for a client that has gone without a word.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using Answers = bool (*)(std::uint16_t port);

bool answers_resp(std::uint16_t port) {
  return RespClient{port}.command({"PING"}) == simple("PONG");
}
bool answers_frames(std::uint16_t port) {
  return bool{FrameClient{port}.answers(wire::ping(), {200, "PONG"})};
}

/// Starts it under a limit: either it answers, or it has ended with status 1 and one line. Says
/// which.
bool starts(const std::vector<std::string>& limit, const std::vector<std::string>& flags,
            Answers answers) {
  try {
    ServerProcess server{ServerProcess::Options{.flags = flags, .before = limit}};
    EXPECT_TRUE(answers(server.port())) << limit.back();
    server.terminate();
    EXPECT_EQ(server.wait(), 0) << limit.back() << server.log();
    return true;
  } catch (const std::runtime_error& ended) {
    const std::string why = ended.what();
    EXPECT_NE(why.find("with status 1"), std::string::npos) << limit.back() << ": " << why;
    EXPECT_NE(why.find("kv-server: cannot "), std::string::npos) << limit.back() << ": " << why;
    return false;
  }
}

void expect_an_answer_or_no_start(const std::vector<std::string>& flags, Answers answers) {
  int started = 0, refused = 0;
  for (int descriptors = 5; descriptors < 70; descriptors += descriptors < 24 ? 1 : 5) {
    const std::string limit = "--nofile=" + std::to_string(descriptors);
    ++(starts({"prlimit", limit}, flags, answers) ? started : refused);
  }
  EXPECT_GT(started, 0);
  EXPECT_GT(refused, 0);
}

// A stack as large as the address space: no thread can have one.
const std::vector<std::string> no_threads{"prlimit", "--stack=8589934592", "--as=4294967296"};

TEST(ListeningResp, MeansAnAnswerHoweverFewDescriptorsThereAre) {
  expect_an_answer_or_no_start({}, answers_resp);
}
TEST(ListeningRespThreads, WithoutAThreadForAConnectionItDoesNotStart) {
  EXPECT_FALSE(starts(no_threads, {}, answers_resp));
}
TEST(Listening, MeansAnAnswerHoweverFewDescriptorsThereAre) {
  expect_an_answer_or_no_start({"--threads", "2"}, answers_frames);
}
TEST(ListeningThreads, WithoutAThreadItDoesNotStart) {
  EXPECT_FALSE(starts(no_threads, {}, answers_frames));
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
