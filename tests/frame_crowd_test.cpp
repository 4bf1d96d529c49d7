// Ten thousand connections, nearly: what each costs while it is idle, and that all are served.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/growth.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

/// As many connections as the test and the server, which inherits the limit, may have descriptors
/// for: `wanted` where the system allows it.
std::size_t connections_possible(std::size_t wanted) {
  constexpr rlim_t kOthers = 64;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, wanted + kOthers);
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(wanted, files.rlim_cur - std::min(files.rlim_cur, kOthers));
}

TEST(FrameCrowd, NearlyTenThousandConnectionsTakeSevenKibEachAndAreServed) {
  constexpr std::size_t kWanted = 9'900;
  const std::size_t connections = connections_possible(kWanted);
  if (connections < kWanted)
    GTEST_SKIP() << "the system allows descriptors for " << connections << " connections only";
  ServerProcess server;
  FrameClient witness{server.port()};
  ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
  const Growth growth{server};
  std::vector<FrameClient> clients;
  for (std::size_t i = 0; i < connections; ++i) {
    clients.emplace_back(server.port());
    ASSERT_TRUE(clients.back().answers(wire::ping(), {200, "PONG"})) << "connection " << i + 1;
  }
  const std::size_t bytes_each = growth.peak() / connections;
  figure("connections", connections);
  figure("bytes_a_connection", bytes_each);
  EXPECT_LE(bytes_each, 7 * kib);
  for (FrameClient& client : clients) ASSERT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
  clients.clear();
  EXPECT_TRUE(served_within(server.port(), 10s));
  EXPECT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
