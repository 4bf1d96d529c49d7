// kv-bench against real servers, some of them with wrong answers in them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bench.hpp"
#include "fixtures/process.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "request.hpp"

namespace kv::bench {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

/// A stage of the build, by its number.
std::string stage_program(int number) {
  static const Words programs = {KV_STAGE_SERVERS};
  return programs.at(static_cast<std::size_t>(number - 1));
}

test::ServerProcess start_stage(int number) {
  test::ServerProcess::Options options{.program = stage_program(number)};
  if (number == 5) options.flags = {"--store", "memory"};
  return test::ServerProcess{options};
}

test::Finished bench(const std::string& subcommand, std::uint16_t port, Words words) {
  Words argv{KV_BENCH, subcommand, "--port", std::to_string(port)};
  argv.insert(argv.end(), words.begin(), words.end());
  return test::run(argv);
}

class BenchLoad : public testing::TestWithParam<int> {
 protected:
  const std::string protocol = GetParam() < 3 ? "resp" : "frame";
};

TEST_P(BenchLoad, WhatItSetIsWhatItGets) {
  const auto server = start_stage(GetParam());
  const Words keys = {"--protocol", protocol, "--keys", "1000"};
  auto words = keys;
  const auto filled = bench("fill", server.port(), keys);
  EXPECT_EQ(filled.status, 0) << filled.err;
  EXPECT_THAT(filled.out, HasSubstr("requests    1000 in "));
  for (const std::string mode : {"batch", "window"}) {
    words = keys;
    words.insert(words.end(), {"--command", "mixed", "--verify", "--seconds", "0.3", "--depth", "8",
                               "--mode", mode, "--pid", std::to_string(server.pid())});
    const auto loaded = bench("load", server.port(), words);
    EXPECT_EQ(loaded.status, 0) << loaded.err;
    EXPECT_THAT(loaded.out, HasSubstr(", 0 wrong"));
    EXPECT_THAT(loaded.out, HasSubstr("us of CPU a request"));
  }
}

INSTANTIATE_TEST_SUITE_P(Stage, BenchLoad, testing::Values(2, 3, 5));

TEST(BenchLoadPing, StageOneAnswersOneConnection) {
  const auto server = start_stage(1);
  const auto loaded = bench("load", server.port(),
                            {"--protocol", "resp", "--command", "ping", "--connections", "1",
                             "--seconds", "0.3", "--json"});
  EXPECT_EQ(loaded.status, 0) << loaded.err;
  EXPECT_THAT(loaded.out, HasSubstr("\"wrong\": 0"));
}

TEST(BenchLoadWrong, AKeyThatIsNotThereIsCounted) {
  const auto server = start_stage(3);
  const auto loaded =
      bench("load", server.port(), {"--command", "hget", "--requests", "500", "--depth", "3"});
  EXPECT_EQ(loaded.status, 1);
  EXPECT_THAT(loaded.out, HasSubstr("500 in "));
  EXPECT_THAT(loaded.out, HasSubstr("500 wrong"));
  EXPECT_THAT(loaded.err, HasSubstr("it is not there"));
}

TEST(BenchLoadWrong, OneWrongByteInOneValueIsNoticed) {
  const auto server = start_stage(2);
  EXPECT_EQ(bench("fill", server.port(), {"--protocol", "resp", "--keys", "100"}).status, 0);
  test::RespClient client{server.port()};
  const std::string key = key_text(77, 16);
  std::string value = client.command({"HGET", "bench", key}).text;
  value.back() = '!';
  EXPECT_EQ(client.command({"HSET", "bench", key, value}), test::integer(0));

  const Words words{"--protocol", "resp", "--command",  "hget",
                    "--keys",     "100",  "--requests", "5000"};
  EXPECT_EQ(bench("load", server.port(), words).status, 0) << "not asked to look at values";
  Words verified = words;
  verified.push_back("--verify");
  const auto loaded = bench("load", server.port(), verified);
  EXPECT_EQ(loaded.status, 1);
  EXPECT_THAT(loaded.err, HasSubstr("key 77: not the value that was set"));
}

TEST(BenchLoadWrong, AnErrorAnswerIsCounted) {
  const auto server = start_stage(1);  // it knows PING only
  const auto loaded =
      bench("load", server.port(),
            {"--protocol", "resp", "--command", "hset", "--connections", "1", "--requests", "10"});
  EXPECT_EQ(loaded.status, 1);
  EXPECT_THAT(loaded.err, HasSubstr("unknown command"));
}

TEST(BenchLoadWrong, TheOtherProtocolIsAFailure) {
  const auto server = start_stage(3);
  const auto loaded =
      bench("load", server.port(), {"--protocol", "resp", "--command", "ping", "--seconds", "1"});
  EXPECT_EQ(loaded.status, 3);
  EXPECT_NE(loaded.err, "");
}

TEST(BenchLoadWrong, NobodyListening) { EXPECT_EQ(bench("load", 1, {"--seconds", "1"}).status, 3); }

TEST(BenchLoadSlots, HaveEveryAnswerAndAMarkWhereThereWasOne) {
  const auto server = start_stage(3);
  int calls = 0;
  Workload load{.address = {.port = server.port()}, .kind = Kind::ping, .connections = 2};
  load.seconds = 0.4;
  load.slot_seconds = 0.05;
  load.mark = [&calls] { return ++calls == 1; };
  const Report report = run_load(load);
  std::uint64_t answers = 0, slowest = 0;
  for (const auto& slot : report.slots) {
    answers += slot.latency.count();
    slowest = std::max(slowest, slot.latency.max());
  }
  EXPECT_EQ(answers, report.latency.count());
  EXPECT_EQ(slowest, report.latency.max());
  ASSERT_GT(report.slots.size(), 2u);
  EXPECT_TRUE(std::ranges::any_of(report.slots, &Report::Slot::marked));
  EXPECT_FALSE(report.slots.back().marked);
}

TEST(BenchIdle, TellsWhatConnectionsCost) {
  const auto server = start_stage(2);
  const auto idle =
      bench("idle", server.port(),
            {"--protocol", "resp", "--connections", "20", "--pid", std::to_string(server.pid())});
  EXPECT_EQ(idle.status, 0) << idle.err;
  EXPECT_THAT(idle.out, HasSubstr("20 connections: "));
}

TEST(BenchFirstAnswer, WaitsForAKey) {
  const auto server = start_stage(3);
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(bench("first-answer", server.port(), {}).status, 0);
  EXPECT_EQ(bench("first-answer", server.port(), {"--key", "5", "--limit", "1"}).status, 3);
  EXPECT_EQ(bench("fill", server.port(), {"--keys", "10"}).status, 0);
  EXPECT_EQ(bench("first-answer", server.port(), {"--key", "5"}).status, 0);
}

// Two scenarios rely on it.
TEST(BenchSnapshots, AStartWritesOneOfTheLogThatIsThereAndAnotherOneOfWhatComes) {
  const test::TempFolder folder;
  const Bench bench{.settings = {.folder = folder.path()}, .cores = pick_cores()};
  const Program program{"stage 7", stage_program(7), 7};
  Start start = bench.start(program, "snapshots", {"--store", "wal", "--fsync", "never"});
  {
    Server server{program, start};
    server.wait_until_ready();
    bench.fill(server, 1'000);
  }
  start.snapshot_every = 64 * 1024;
  Server server{program, start};
  server.wait_until_ready(999);
  wait_for_snapshots(start, 1);
  bench.fill(server, 1'000);
  wait_for_snapshots(start, 2);
}

}  // namespace
}  // namespace kv::bench
