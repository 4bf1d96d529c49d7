// Huge pages are for what a start reads, and for nothing after it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

std::string of_process(const ServerProcess& server, const char* file) {
  std::ifstream in{"/proc/" + std::to_string(server.pid()) + "/" + file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

TEST(HugePages, AreAskedForByAStartAndNotAfterIt) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage"))
    GTEST_SKIP() << "this kernel has none";
  ServerProcess server;
  FrameClient{server.port()}.ask(wire::hset("t", "k", std::string(1'000, 'v')));
  server.terminate();
  ASSERT_EQ(server.wait(), 0);
  server.start_again();
  ASSERT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({1})));
  EXPECT_NE(of_process(server, "smaps").find(" hg"), std::string::npos) << "memory is marked so";
  EXPECT_NE(of_process(server, "status").find("THP_enabled:\t0"), std::string::npos);
}

}  // namespace
}  // namespace kv::test
