// Stage 2 serves libraries that nobody here wrote: each runs in a program of its own, from the
// folder foreign. The packages python3-redis and libhiredis-dev have them; without them these tests
// fail.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

void expect_satisfied(std::vector<std::string> program) {
  ServerProcess server;
  program.push_back(std::to_string(server.port()));
  const Finished finished = run(program);
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.out + finished.err, "");
}

// Not any python3 of PATH: Debian's is the one that finds Debian's packages.
TEST(RedisClients, RedisPyIsSatisfied) { expect_satisfied({"/usr/bin/python3", REDIS_PY}); }

TEST(RedisClients, HiredisIsSatisfied) { expect_satisfied({HIREDIS_CLIENT}); }

}  // namespace
}  // namespace kv::test
