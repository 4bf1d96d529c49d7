#include <gtest/gtest.h>

#include "fixtures/process.hpp"

namespace kv::bench {
namespace {

TEST(BenchStreams, OutputThatIsLostIsExitStatus74) {
  for (const char* output : {" >/dev/full", " >&-", " 1</dev/null"}) {
    const auto lost = test::run({"sh", "-c", std::string{"exec \"$0\" --help"} + output, KV_BENCH});
    EXPECT_EQ(lost.status, 74) << output;
    EXPECT_EQ(lost.err.substr(0, lost.err.rfind(':')), "kv-bench: cannot write to standard output");
  }
}

TEST(BenchStreams, InputAndErrorsMayBeClosed) {
  const auto closed = test::run({"sh", "-c", "exec \"$0\" --help <&- 2>&-", KV_BENCH});
  EXPECT_EQ(closed.status, 0);
  EXPECT_NE(closed.out, "");
}

}  // namespace
}  // namespace kv::bench
