// Clients that mean harm, or do it without meaning to: what they do must not reach the others, the
// server's log or its descriptors.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/flood.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

std::string repeated(const std::string& bytes, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += bytes;
  return out;
}

/// Groups of the unknown field 103, one inside the other.
std::string groups(std::size_t begun, std::size_t ended) {
  return repeated("\xbb\x06", begun) + repeated("\xbc\x06", ended);
}

TEST(FrameHostile, FieldsNestedDeeplyAre400AndNoStackOverflow) {
  constexpr std::size_t kDepth = 1'000'000;
  ServerProcess server;
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::ping("m") + groups(50, 50), {200, "m"})) << "deep enough";
  const auto in_a_value = [](const std::string& unknown) {
    const std::string pair = wire::bytes_field(1, "k") + wire::bytes_field(2, unknown);
    return wire::bytes_field(4, wire::bytes_field(1, "t") + wire::bytes_field(2, pair));
  };
  for (const std::string& deep :
       {groups(kDepth, kDepth), groups(2 * kDepth, 0), groups(1, kDepth), groups(200, 200)}) {
    EXPECT_TRUE(client.refuses(deep, 400));
    EXPECT_TRUE(client.refuses(wire::ping() + deep, 400));
    EXPECT_TRUE(client.refuses(in_a_value(deep), 400));
    EXPECT_TRUE(client.answers(wire::ping("still"), {200, "still"}));
  }
}

std::size_t descriptors(const ServerProcess& server) {
  const auto begin = std::filesystem::directory_iterator{std::filesystem::path{"/proc"} /
                                                         std::to_string(server.pid()) / "fd"};
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator{}));
}

TEST(FrameHostile, TwoHundredResetsInMidReplyHarmNobodyAndLeaveNothingBehind) {
  constexpr int kResets = 200;
  ServerProcess server;
  FrameClient witness{server.port()};
  const std::string big(1 << 20, 'b');
  ASSERT_TRUE(witness.answers(wire::hset("t", "k", big), wire::ok({std::nullopt})));
  const std::size_t before = descriptors(server), threads = server.threads();
  const std::string requests = repeated(wire::frame(wire::hget("t", "k")), 50);
  for (int i = 0; i < kResets; ++i) {
    FrameClient client{server.port()};
    client.send_raw(requests);
    client.socket().receive(1'000);
    client.socket().reset();
    ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"})) << "after reset " << i + 1;
  }
  const auto end = Clock::now() + 10s;
  while (descriptors(server) > before && Clock::now() < end) {
    ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
  }
  EXPECT_LE(descriptors(server), before) << "connections that nobody has any more";
  EXPECT_EQ(server.threads(), threads);
  figure("resets", kResets);
}

/// How long a PING waits while another client floods the server's one thread with `requests`.
void expect_served_beside(const std::string& requests, std::size_t answers_bytes,
                          int thousands_of_rows = 0) {
  ServerProcess server{{"--threads", "1"}};
  FrameClient witness{server.port()};
  const std::string value(60'000, 'v');
  ASSERT_TRUE(witness.answers(wire::hset("t", "k", value), wire::ok({std::nullopt})));
  for (int i = 0; i < thousands_of_rows; ++i) {
    std::vector<std::string> commands;  // of few rows each: TSan knows 64 locks at a time
    for (int j = 0; j < 1'000; j += 40) {
      std::vector<wire::Pair> rows;
      for (int k = j; k < j + 40; ++k)
        rows.push_back({std::to_string(1'000 * i + k), std::string(20, 'v')});
      commands.push_back(wire::hmset("large", rows));
    }
    for (const auto& answer : witness.ask_all(commands)) ASSERT_EQ(answer.status, 200u);
  }
  const auto begin = Clock::now();
  (void)witness.ask_all({wire::hgetall("large")});
  const double table_ms = Milliseconds{Clock::now() - begin}.count();
  const Flood flood{server.port(), requests};
  std::vector<double> waits;
  const auto end = Clock::now() + 120s;  // on a machine with thirty others that want it
  do {
    const auto start = Clock::now();
    ASSERT_LT(start, end) << "that was no flood: " << flood.answered_bytes() << " bytes";
    ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
    waits.push_back(Milliseconds{Clock::now() - start}.count());
  } while (flood.answered_bytes() < answers_bytes);
  std::ranges::sort(waits);
  figure("flood_bytes", flood.answered_bytes());
  figure("pings", waits.size());
  figure("median_ms", waits[waits.size() / 2]);
  figure("longest_ms", waits.back());
  EXPECT_LT(waits.back(), std::max(1'000.0, 15 * table_ms)) << "milliseconds, on a busy machine";
}

TEST(FrameHostile, AFloodOfSmallRequestsStarvesNobody) {
  expect_served_beside(repeated(wire::frame(wire::ping()), 10'000), 5'000'000);
}

TEST(FrameHostile, AFloodOfRequestsThatTakeLongStarvesNobody) {
  constexpr std::size_t answers = 10, answer_bytes = 70;  // each: 413
  expect_served_beside(repeated(wire::frame(wire::hgetall("large")), 2'000), answers * answer_bytes,
                       150);
}

TEST(FrameHostile, AFloodOfRequestsWithBigAnswersStarvesNobody) {
  expect_served_beside(repeated(wire::frame(wire::hget("t", "k")), 1'000), 100'000'000);
}

TEST(FrameHostile, NoBytesOfAClientReachTheLogAsTheyAre) {
  const std::string evil = "evil\n2026-01-01 00:00:00.000 info forged\x1b[31m\r\x07";
  ServerProcess server{{"--log-level", "trace"}};
  FrameClient client{server.port()};
  for (const std::string& name : {evil, evil + "\xff"}) {  // the second is no UTF-8
    for (const std::string& request :
         {wire::ping(name), wire::hget(name, name), wire::hgetall(name), wire::hmget(name, {name}),
          wire::hset(name, name, name), wire::hmset(name, {{name, name}}), wire::hdel(name, name),
          wire::hmdel(name, {name}), wire::hexist(name, name), wire::hmexist(name, {name}),
          wire::hlen(name), wire::bytes_field(99, name) + "\xff", name}) {
      client.ask(request);
    }
  }
  client.send_raw(evil);  // as a frame's length: too long
  EXPECT_TRUE(client.receives_error(413));
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  const std::string log = server.log();
  EXPECT_EQ(log.find("\n2026-01-01"), std::string::npos) << "a line that the server did not write";
  EXPECT_EQ(log.find_first_of("\x1b\r\x07"), std::string::npos) << log;
}

// The order in which a table is listed is that of its keys' hashes. Where it is the same in every
// process, keys that collide can be made on one machine and sent to all others.
TEST(FrameHostile, KeysHaveOtherHashesInEveryProcess) {
  std::vector<wire::Pair> pairs;
  for (int i = 0; i < 100; ++i) pairs.push_back({"key" + std::to_string(i), "v"});
  const auto listed = [&pairs] {
    ServerProcess server;
    FrameClient client{server.port()};
    EXPECT_EQ(client.ask(wire::hmset("t", pairs)).status, 200u);
    return client.ask(wire::hgetall("t")).pairs;
  };
  const auto once = listed(), again = listed();
  ASSERT_EQ(once.size(), pairs.size());
  EXPECT_NE(once, again);
}

}  // namespace
}  // namespace kv::test
