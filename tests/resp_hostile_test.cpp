// Clients of stages 1 and 2 that mean harm, or do it without meaning to.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/flood.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

std::string repeated(const std::string& bytes, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += bytes;
  return out;
}

void expect_pong(RespClient& client) { EXPECT_EQ(client.command({"PING"}), simple("PONG")); }

class Garbage {
 public:
  std::string request() {
    static const std::vector<std::string> good{
        resp_array({"PING"}),
        resp_array({"PING", "message"}),
        resp_array({"HSET", "table", "key", "value"}),
        resp_array({"HMGET", "table", "a", "b", "c"}),
        resp_array({"HDEL", "table", "key"}),
        "HGET table \"key\"\r\n",
        "PING\r\n",
    };
    std::string bytes = good[below(good.size())];
    switch (below(5)) {
      case 0: bytes.resize(below(bytes.size())); break;
      case 1: bytes.insert(below(bytes.size()), 1 + below(3), random_byte()); break;
      case 2:
        bytes = std::string(below(40), '\0');
        std::ranges::generate(bytes, [this] { return random_byte(); });
        break;
      default:
        for (std::size_t i = 0; i <= below(3); ++i) bytes[below(bytes.size())] = random_byte();
    }
    return bytes;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  char random_byte() { return static_cast<char>(below(256)); }

  std::mt19937 random_{random_seed()};
};

// A protocol error closes, so that each connection takes as many requests as it can stand.
TEST(RespGarbage, TwentyThousandRequestsAreAnsweredOrRefusedAndTheServerLives) {
  constexpr int kConnections = 2'000;
  constexpr int kRequestsEach = 10;
  Garbage garbage;
  ServerProcess server;
  int refused = 0;
  for (int i = 0; i < kConnections; ++i) {
    std::string requests;
    for (int j = 0; j < kRequestsEach; ++j) requests += garbage.request();
    Socket socket = server.connect();
    socket.send(requests);
    socket.half_close();
    const std::string replies = socket.receive_until_closed();
    ASSERT_TRUE(replies.empty() || replies.ends_with("\r\n")) << escaped(requests);
    ASSERT_EQ(replies.find_first_of("+-:$*"), replies.empty() ? std::string::npos : 0)
        << escaped(replies);
    if (const auto error = replies.find("-ERR Protocol error"); error != std::string::npos) {
      ++refused;
      ASSERT_EQ(replies.find("\r\n", error), replies.size() - 2) << "more after the last word";
    }
  }
  figure("requests", kConnections * kRequestsEach);
  figure("protocol_errors", refused);
  EXPECT_GT(refused, kConnections / 4) << "most of it should be rubbish";
  RespClient client{server.port()};
  expect_pong(client);
}

struct RespHostile : testing::Test {
  void hold_a_big_value() { EXPECT_EQ(witness.command({"HSET", "t", "k", big}), integer(1)); }

  void expect_served_beside(const std::string& requests, std::size_t answers_bytes) {
    const Flood flood{server.port(), requests};
    std::vector<double> waits;
    const auto end = Clock::now() + 120s;
    while (flood.answered_bytes() < answers_bytes) {
      const auto start = Clock::now();
      ASSERT_LT(start, end) << "that was no flood: " << flood.answered_bytes() << " bytes";
      expect_pong(witness);
      waits.push_back(Milliseconds{Clock::now() - start}.count());
    }
    std::ranges::sort(waits);
    figure("pings", waits.size());
    figure("median_ms", waits[waits.size() / 2]);
    figure("longest_ms", waits.back());
    EXPECT_LT(waits.back(), 1'000) << "milliseconds, on a machine that may be busy";
  }

  const std::string big = std::string(1 << 20, 'b');
  ServerProcess server;
  RespClient witness{server.port()};
};

TEST_F(RespHostile, AFloodOfSmallRequestsStarvesNobody) {
  expect_served_beside(repeated(resp_array({"PING"}), 10'000), 5'000'000);
}

TEST_F(RespHostile, AFloodOfRequestsWithBigAnswersStarvesNobody) {
  hold_a_big_value();
  expect_served_beside(repeated(resp_array({"HGET", "t", "k"}), 1'000), 100'000'000);
}

TEST_F(RespHostile, TwoHundredResetsInMidReplyHarmNobodyAndLeaveNothingBehind) {
  constexpr int kResets = 200;
  hold_a_big_value();
  const std::size_t before = server.threads();
  const std::string requests = repeated(resp_array({"HGET", "t", "k"}), 50);
  for (int i = 0; i < kResets; ++i) {
    Socket socket = server.connect();
    socket.send(requests);
    socket.receive(1'000);
    socket.reset();
    expect_pong(witness);
  }
  const auto end = Clock::now() + 10s;
  while (server.threads() > before && Clock::now() < end) expect_pong(witness);
  EXPECT_LE(server.threads(), before) << "sessions of clients that have gone";
  figure("resets", kResets);
}

TEST_F(RespHostile, AServerWhoseDescriptorsRunOutWaitsQuietlyAndRecovers) {
  const rlimit few{64, 64};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  {
    std::vector<RespClient> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(server.port());
    EXPECT_TRUE(server.log_holds("cannot accept"));
    const double before = server.cpu_seconds();
    EXPECT_FALSE(clients[99].socket().readable_within(1s)) << "nobody is told what is not so";
    figure("cpu_seconds_in_a_second", server.cpu_seconds() - before);
    EXPECT_LT(server.cpu_seconds() - before, 0.25) << "a busy loop";
    expect_pong(clients[0]);
  }
  RespClient later{server.port()};  // its answer may take as long as the server's pause
  expect_pong(later);
}

TEST_F(RespHostile, NoBytesOfAClientReachTheLogAsTheyAre) {
  const std::string evil = "evil\n2026-01-01 00:00:00.000 info forged\x1b[31m\r\x07";
  ServerProcess talkative;
  RespClient client{talkative.port()};
  for (const char* const name : {"PING", "HSET", "HGET", "HMSET", "HMGET", "HGETALL", "HDEL",
                                 "HEXISTS", "HLEN", evil.c_str()}) {
    client.command({name, evil, evil, evil});
    client.command({name, evil, evil});
    client.command({name, evil});
  }
  client.socket().send("*" + evil + "\r\n");
  EXPECT_EQ(client.receive_last().type, Reply::Type::error);
  talkative.terminate();
  EXPECT_EQ(talkative.wait(), 0);
  const std::string log = talkative.log();
  EXPECT_EQ(log.find("\n2026-01-01"), std::string::npos) << "a line that the server did not write";
  EXPECT_EQ(log.find_first_of("\x1b\r\x07"), std::string::npos) << log;
}

// The order in which a table is listed is that of its keys' hashes. Where it is the same in every
// process, keys that collide can be made on one machine and sent to all others.
TEST_F(RespHostile, KeysHaveOtherHashesInEveryProcess) {
  std::vector<std::string> set{"HSET", "t"};
  for (int i = 0; i < 100; ++i) set.insert(set.end(), {"key" + std::to_string(i), "v"});
  ServerProcess other;
  RespClient visitor{other.port()};
  EXPECT_EQ(witness.command(set), integer(100));
  EXPECT_EQ(visitor.command(set), integer(100));
  EXPECT_NE(witness.command({"HGETALL", "t"}), visitor.command({"HGETALL", "t"}));
}

}  // namespace
}  // namespace kv::test
