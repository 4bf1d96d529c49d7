// A data folder that two servers take turns with, KV_SERVER and KV_OTHER_SERVER: each reads what
// the other one has written, and goes on from there. For stages that write the same format.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

class HandedOver : public testing::Test {
 protected:
  void SetUp() override {
    const char* const other = std::getenv("KV_OTHER_SERVER");
    if (!other) GTEST_SKIP() << "KV_OTHER_SERVER names no other server";
    servers_ = {server_program(), other};
  }

  enum class End { stopped, killed };
  static constexpr int many = 300;  // commands: more than a snapshot's worth

  /// A server's life on the folder: it has what the lives before have left, and leaves more.
  void live(std::size_t server, End end, int commands) {
    SCOPED_TRACE(servers_[server] + (end == End::killed ? ", killed" : ", stopped"));
    ServerProcess process{{.flags = {"--data-dir", data_.string(), "--snapshot-every", "65536"},
                           .program = servers_[server]}};
    FrameClient client{process.port()};
    expect_contents(client);
    std::vector<std::string> requests;
    for (int i = 0; i < commands; ++i) requests.push_back(command());
    for (const auto& answer : client.ask_all(requests)) ASSERT_EQ(answer.status, 200u);
    expect_contents(client);
    if (end == End::killed) return process.kill_9();
    EXPECT_TRUE(commands < many || process.log_holds(" rows in ")) << "a snapshot, for the next";
    process.terminate();
    EXPECT_EQ(process.wait(), 0);
  }

  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  void expect_contents(FrameClient& client) {
    auto pairs = client.ask(wire::hgetall("t")).pairs;
    std::ranges::sort(pairs, {}, &wire::Pair::key);
    std::vector<wire::Pair> expected;
    for (const auto& [key, value] : contents_) expected.push_back({key, value});
    EXPECT_EQ(pairs, expected);
  }

  std::string key() { return "key " + std::to_string(below(200)); }

  wire::Value value() {
    switch (below(7)) {
      case 0: return wire::Binary{std::string(below(300), '\xff')};
      case 1: return static_cast<std::int64_t>(random_()) << below(64);
      case 2: return -0.0;
      case 3: return below(2) == 0;
      case 4: return "";
      default: return std::string(below(2'000), 'x') + std::to_string(random_());
    }
  }

  /// A random command, which `contents_` has already followed.
  std::string command() {
    std::vector<wire::Pair> pairs;
    std::vector<std::string> keys;
    for (auto left = 1 + below(4); left > 0; --left) {
      pairs.push_back({key(), value()});
      keys.push_back(pairs.back().key);
    }
    if (below(3) == 0) {
      for (const auto& key : keys) contents_.erase(key);
      return wire::hmdel("t", keys);
    }
    for (const auto& [key, value] : pairs) contents_.insert_or_assign(key, *value);
    return wire::hmset("t", pairs);
  }

  std::vector<std::string> servers_;
  TempFolder folder_;
  std::filesystem::path data_ = folder_.path() / "data";
  std::map<std::string, wire::Value> contents_;
  std::mt19937 random_{random_seed()};
};

TEST_F(HandedOver, AfterAnOrderlyStopTheOtherServerHasAll) {
  for (const std::size_t first : {0U, 1U}) {
    live(first, End::stopped, many);
    live(1 - first, End::stopped, 0);
  }
}

TEST_F(HandedOver, AfterAKillTheOtherServerHasAll) {
  for (const std::size_t first : {0U, 1U}) {
    live(first, End::killed, many);
    live(1 - first, End::killed, 0);
  }
}

TEST_F(HandedOver, ManyTimesItNeverLosesAnything) {
  for (int life = 0; life < 12 && !HasFailure(); ++life)
    live(below(2), below(2) == 0 ? End::stopped : End::killed, static_cast<int>(below(200)));
}

}  // namespace
}  // namespace kv::test
