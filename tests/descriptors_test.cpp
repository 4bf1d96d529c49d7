// The last descriptors: connections take what they may, and the server keeps what it needs.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

std::size_t descriptors_of(const ServerProcess& server) {
  std::error_code changed;  // one is closed while they are counted
  const std::filesystem::directory_iterator open{"/proc/" + std::to_string(server.pid()) + "/fd",
                                                 changed};
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

/// Clients that connect and leave again, over and over.
class Crowd {
 public:
  explicit Crowd(std::uint16_t port) : thread_{[this, port] { run(port); }} {}
  ~Crowd() { stopped_ = true; }

 private:
  void run(std::uint16_t port) {
    while (!stopped_) {
      try {
        std::vector<Socket> clients;
        for (int i = 0; i < 60; ++i) clients.emplace_back(port);
      } catch (const std::runtime_error&) {  // closed meanwhile
      }
    }
  }

  std::atomic<bool> stopped_ = false;
  std::jthread thread_;
};

// A writer goes on through segments of the log, and snapshots, where there are such.
TEST(DescriptorsAtTheEdge, ThoseThatTheServerNeedsAreNotTakenByClients) {
  std::vector<std::string> flags{"--threads", "8"};
  if (std::getenv("KV_DATA_DIR_FLAG")) flags.insert(flags.end(), {"--snapshot-every", "16777216"});
  ServerProcess server{
      ServerProcess::Options{.flags = flags, .before = {"prlimit", "--nofile=100"}}};
  FrameClient writer{server.port()};
  ASSERT_TRUE(writer.answers(wire::ping(), {200, "PONG"}));
  std::vector<Socket> idle;
  for (int i = 0; i < 120; ++i) idle.push_back(server.connect());
  const Crowd crowd{server.port()};
  const std::string value(1 << 20, 'v');
  for (int i = 0; i < 70; ++i) {
    ASSERT_EQ(writer.ask(wire::hset("t", std::to_string(i % 10), value)).status, 200u) << i;
  }
  EXPECT_TRUE(server.running());
  EXPECT_EQ(server.log().find("Too many open files"), std::string::npos) << server.log();
  EXPECT_TRUE(writer.answers(wire::ping(), {200, "PONG"}));
}

TEST(DescriptorsAtTheEdge, OfThoseRefusedAtMostSixteenWaitForTheEnd) {
  const ServerProcess server{{"--max-connections", "2"}};
  FrameClient first{server.port()}, second{server.port()};
  ASSERT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
  ASSERT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
  const auto before = descriptors_of(server);
  std::vector<FrameClient> refused;
  for (int i = 0; i < 200; ++i) refused.emplace_back(server.port());
  for (auto& client : refused) ASSERT_TRUE(client.receives_error(503)) << "each is told";
  figure("descriptors_of_refused", descriptors_of(server) - before);
  EXPECT_LE(descriptors_of(server), before + 16 + 1) << "one more is just being closed";
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
