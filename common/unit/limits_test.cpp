#include "base/limits.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "base/fatal_error.hpp"
#include "base/log.hpp"

namespace kv {
namespace {

using testing::ExitedWithCode;

constexpr int refused = 255;

/// Lowers the limits of open files, to so many above those that the server needs itself, and ends
/// the process, which a death test has made for that: its status is how many connections there can
/// be.
[[noreturn]] void count(std::uint32_t soft, std::uint32_t hard, std::uint32_t wanted,
                        std::uint32_t threads = 1) {
  const rlim_t kept = *open_descriptors() + server_descriptors + thread_descriptors + refusals_max;
  const rlimit limit{kept + soft, kept + hard};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  start_log("info");
  try {
    std::_Exit(static_cast<int>(connection_limit(wanted, threads)));
  } catch (const FatalError& error) {
    std::cerr << error.what() << std::endl;
    std::_Exit(refused);
  }
}

constexpr const char* nothing = "^$";  // on standard error

TEST(ConnectionLimit, IsWhatIsWantedWhereThereAreDescriptors) {
  EXPECT_EXIT(count(100, 100, 50), ExitedWithCode(50), nothing);
  EXPECT_EXIT(count(100, 100, 100), ExitedWithCode(100), nothing);
}

TEST(ConnectionLimit, RaisesTheLimitOfTheProcessWhereItMay) {
  EXPECT_EXIT(count(10, 100, 50), ExitedWithCode(50), nothing);
}

TEST(ConnectionLimit, IsWhatTheSystemAllowsAndSaysSo) {
  EXPECT_EXIT(count(10, 10, 50), ExitedWithCode(10), "at most 10 connections in place of 50");
  EXPECT_EXIT(count(10, 100, 101), ExitedWithCode(100), "at most 100 connections in place of 101");
}

TEST(ConnectionLimit, KeepsDescriptorsBackForEachThread) {
  EXPECT_EXIT(count(100, 100, 100, 5), ExitedWithCode(100 - 4 * thread_descriptors), "at most");
}

TEST(ConnectionLimit, WithoutADescriptorForOneThereIsNoStart) {
  EXPECT_EXIT(count(1, 1, 50), ExitedWithCode(1), "at most 1 connections");
  EXPECT_EXIT(count(0, 0, 50), ExitedWithCode(refused), "cannot serve a connection: the limit of");
}

}  // namespace
}  // namespace kv
