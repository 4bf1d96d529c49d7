// Stages 1 and 2 serve programs that were written for Redis, and know nothing of this project.
// The package redis-tools has them; without it these tests fail.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

struct RedisTools : testing::Test {
  ServerProcess server;

  Finished tool(const std::string& name, const Words& words, const std::string& input = {}) {
    Words argv{name, "-p", std::to_string(server.port())};
    argv.insert(argv.end(), words.begin(), words.end());
    try {
      return run(argv, input);
    } catch (const std::system_error& error) {
      ADD_FAILURE() << error.what() << ": install the package redis-tools";
      return {};
    }
  }

  // What redis-cli prints for one command; raw, since its output is no terminal.
  std::string cli(const Words& words) {
    const Finished finished = tool("redis-cli", words);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    return finished.out;
  }

  // Runs redis-benchmark; each of `tests` must have come to a result, and nothing may have gone
  // wrong.
  void benchmark(const Words& words, const Words& tests) {
    const Finished finished = tool("redis-benchmark", words);
    EXPECT_EQ(finished.status, 0);
    std::istringstream lines{finished.err};
    for (std::string line; std::getline(lines, line);) {
      // It would like to show how the server saves its data.
      if (line.empty()) continue;
      EXPECT_THAT(line, HasSubstr("Could not fetch server CONFIG"));
    }
    // With --csv: a line of headings, then "name","requests a second",...
    lines = std::istringstream{finished.out};
    std::string line;
    std::getline(lines, line);
    EXPECT_THAT(line, StartsWith("\"test\",\"rps\""));
    for (const auto& test : tests) {
      std::getline(lines, line);
      EXPECT_THAT(line, StartsWith("\"" + test + "\",\"")) << finished.out;
    }
    EXPECT_FALSE(std::getline(lines, line)) << "an unexpected line: " << line;
  }
};

struct RedisToolsPing : RedisTools {};
struct RedisToolsTable : RedisTools {};

TEST_F(RedisToolsPing, CliPings) {
  EXPECT_EQ(cli({"PING"}), "PONG\n");
  EXPECT_EQ(cli({"ping", "hello world"}), "hello world\n");
}

TEST_F(RedisToolsPing, CliShowsErrors) {
  EXPECT_THAT(cli({"PING", "a", "b"}),
              StartsWith("ERR wrong number of arguments for 'ping' command"));
  EXPECT_THAT(cli({"NOSUCH", "a"}),
              StartsWith("ERR unknown command 'NOSUCH', with args beginning with: 'a'"));
}

TEST_F(RedisToolsPing, CliSendsManyCommandsOnOneConnection) {
  const Finished finished = tool("redis-cli", {}, "PING\nPING two\nPING \"three words now\"\n");
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out, "PONG\ntwo\nthree words now\n");
}

// One client only: stage 1 serves one at a time.
TEST_F(RedisToolsPing, BenchmarkRuns) {
  benchmark({"-t", "ping_inline,ping_mbulk", "-P", "8", "-n", "4000", "-c", "1", "--csv"},
            {"PING_INLINE", "PING_MBULK"});
}

TEST_F(RedisToolsTable, CliSetsAndGets) {
  EXPECT_EQ(cli({"HSET", "t", "k", "v", "l", "two words"}), "2\n");
  EXPECT_EQ(cli({"HGET", "t", "l"}), "two words\n");
  EXPECT_EQ(cli({"HGET", "t", "absent"}), "\n");
  EXPECT_EQ(cli({"HMSET", "t", "k", "w"}), "OK\n");
  EXPECT_EQ(cli({"HMGET", "t", "k", "absent", "l"}), "w\n\ntwo words\n");
  EXPECT_EQ(cli({"HEXISTS", "t", "k"}), "1\n");
  EXPECT_EQ(cli({"HDEL", "t", "k", "absent"}), "1\n");
  EXPECT_EQ(cli({"HLEN", "t"}), "1\n");
  EXPECT_EQ(cli({"HGETALL", "t"}), "l\ntwo words\n");
}

TEST_F(RedisToolsTable, CliShowsTypes) {
  EXPECT_EQ(cli({"--no-raw", "HSET", "t", "k", "v"}), "(integer) 1\n");
  EXPECT_EQ(cli({"--no-raw", "HGET", "t", "absent"}), "(nil)\n");
  EXPECT_EQ(cli({"--no-raw", "HGETALL", "t"}), "1) \"k\"\n2) \"v\"\n");
  EXPECT_EQ(cli({"--no-raw", "HGETALL", "absent"}), "(empty array)\n");
  EXPECT_THAT(cli({"--no-raw", "HGET", "t"}),
              StartsWith("(error) ERR wrong number of arguments for 'hget' command"));
}

TEST_F(RedisToolsTable, CliTakesTheLastWordFromItsInput) {
  std::string value;
  for (int byte = 0; byte < 256; ++byte) value += static_cast<char>(byte);
  EXPECT_EQ(tool("redis-cli", {"-x", "HSET", "t", "k"}, value).out, "1\n");
  EXPECT_EQ(cli({"HGET", "t", "k"}), value + "\n");
}

TEST_F(RedisToolsTable, CliPipesTenThousandCommands) {
  std::string input;
  for (int i = 0; i < 10'000; ++i)
    input += "HSET piped key" + std::to_string(i) + " value" + std::to_string(i) + "\r\n";
  const Finished finished = tool("redis-cli", {"--pipe"}, input + "LPUSH one error\r\n");
  EXPECT_EQ(finished.status, 1) << "as it says of any error";
  EXPECT_THAT(finished.out, HasSubstr("errors: 1, replies: 10001\n"));
  EXPECT_EQ(cli({"HGET", "piped", "key9999"}), "value9999\n");

  const Finished again = tool("redis-cli", {"--pipe"}, input);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("errors: 0, replies: 10000\n"));
}

TEST_F(RedisToolsTable, BenchmarkRuns) {
  benchmark({"-t", "ping_inline,ping_mbulk,hset", "-P", "8", "-n", "20000", "-r", "1000", "-c",
             "20", "--csv"},
            {"PING_INLINE", "PING_MBULK", "HSET"});
  EXPECT_EQ(cli({"HLEN", "myhash"}), "1000\n")
      << "all of the thousand keys that 20,000 random picks touch";
}

}  // namespace
}  // namespace kv::test
