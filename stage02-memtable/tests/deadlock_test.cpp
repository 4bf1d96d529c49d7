#include <gmock/gmock.h>

#include "fixtures/process.hpp"

namespace kv::test {
namespace {

using testing::StartsWith;

const std::string program = KV_NAIVE "/deadlock";

// ThreadSanitizer would see that the locks are taken in two orders, and give another exit status.
TEST(Deadlock, ComesWhenEachLocksInTheOrderOfItsKeys) {
  const auto ended = run({"env", "TSAN_OPTIONS=detect_deadlocks=0", program});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, StartsWith("stuck after "));
}

TEST(Deadlock, DoesNotComeWhenAllLockTheLowestShardFirst) {
  const auto ended = run({program, "ordered"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "both are done, after 300 rounds and more\n");
}

}  // namespace
}  // namespace kv::test
