#include "base/log.hpp"

#include <gtest/gtest.h>

namespace kv {
namespace {

TEST(Escaped, ShowsWhatATerminalMustNotSee) {
  EXPECT_EQ(escaped("plain"), "plain");
  EXPECT_EQ(escaped("a\nb\x1b[0m\\"), "a\\x0ab\\x1b[0m\\x5c");
  EXPECT_EQ(escaped(std::string(65, 'a')), std::string(64, 'a') + "...");
}

}  // namespace
}  // namespace kv
