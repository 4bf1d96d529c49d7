#include "base/limits.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>

namespace kv {
namespace {

using testing::ExitedWithCode;

/// Lowers the limits of open files and ends the process, which a death test has made for that: its
/// status is how many connections there can be.
[[noreturn]] void count(rlim_t soft, rlim_t hard, std::uint32_t wanted) {
  const rlimit limit{soft, hard};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::_Exit(static_cast<int>(connection_limit(wanted)));
}

/// The same, but the status is the soft limit afterwards.
[[noreturn]] void limit_after(rlim_t soft, rlim_t hard, std::uint32_t wanted) {
  rlimit limit{soft, hard};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  (void)connection_limit(wanted);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::_Exit(static_cast<int>(limit.rlim_cur));
}

constexpr const char* nothing = "^$";  // on standard error

TEST(ConnectionLimit, IsWhatIsWantedWhereThereAreDescriptors) {
  EXPECT_EXIT(count(200, 200, 100), ExitedWithCode(100), nothing);
  EXPECT_EXIT(count(200, 200, 168), ExitedWithCode(168), nothing) << "32 are for other files";
}

TEST(ConnectionLimit, RaisesTheLimitOfTheProcessWhereItMay) {
  EXPECT_EXIT(count(64, 200, 100), ExitedWithCode(100), nothing);
  EXPECT_EXIT(limit_after(64, 200, 100), ExitedWithCode(132), nothing) << "no further than needed";
  EXPECT_EXIT(limit_after(200, 200, 100), ExitedWithCode(200), nothing) << "never lowered";
}

TEST(ConnectionLimit, IsWhatTheSystemAllowsAndSaysSo) {
  const auto text = [](const char* most, const char* wanted, const char* files) {
    return std::string{"^kv-server: at most "} + most + " connections in place of " + wanted +
           ": the limit of open files is " + files + " ";
  };
  EXPECT_EXIT(count(64, 64, 100), ExitedWithCode(32), text("32", "100", "64"));
  EXPECT_EXIT(count(40, 200, 169), ExitedWithCode(168), text("168", "169", "200"));
}

TEST(ConnectionLimit, IsOneAtTheLeast) {
  EXPECT_EXIT(count(20, 20, 100), ExitedWithCode(1), "at most 1 connections");
}

}  // namespace
}  // namespace kv
