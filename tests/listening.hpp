#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixtures/server_process.hpp"

namespace kv::test {

using Answers = bool (*)(std::uint16_t port);

/// Starts it under a limit: either it answers, or it has ended with status 1 and one line. Says
/// which.
inline bool starts(const std::vector<std::string>& limit, const std::vector<std::string>& flags,
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

inline void expect_an_answer_or_no_start(const std::vector<std::string>& flags, Answers answers) {
  int started = 0, refused = 0;
  for (int descriptors = 5; descriptors < 70; descriptors += descriptors < 24 ? 1 : 5) {
    const std::string limit = "--nofile=" + std::to_string(descriptors);
    ++(starts({"prlimit", limit}, flags, answers) ? started : refused);
  }
  EXPECT_GT(started, 0);
  EXPECT_GT(refused, 0);
}

// A stack as large as the address space: no thread can have one.
inline const std::vector<std::string> no_threads{"prlimit", "--stack=8589934592",
                                                 "--as=4294967296"};

}  // namespace kv::test
