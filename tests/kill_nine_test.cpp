// kill -9 under eight writers (stages 6 and 7). A ledger on the clients' side knows for each key
// which value was acknowledged last and which were sent after it; a server that starts again must
// hold one of these.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <future>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using State = wire::MaybeValue;  // none: absent

/// One key, or two that are always written together, by HMSET and HMDEL: after a crash they must
/// agree.
struct Unit {
  std::vector<std::string> keys;
  std::deque<State> possible{
      std::nullopt};  // the acknowledged state, then those in flight, as sent
};

/// One connection's writes to keys of its own, and their ledger. For one thread at a time.
class Writer {
 public:
  Writer(std::uint32_t seed, int number)
      : random_{seed + static_cast<std::uint32_t>(number)}, number_{number} {
    for (int i = 0; i < 40; ++i) {
      const std::string key = "writer " + std::to_string(number) + " key " + std::to_string(i);
      units_.push_back({i % 2 == 0 ? std::vector{key} : std::vector{key + "a", key + "b"}});
    }
  }

  /// Writes until the server is gone; `on_acknowledged` is called for each write that was answered.
  template <class Callback>
  void run(std::uint16_t port, Callback on_acknowledged) {
    try {
      FrameClient client{port};
      while (true) write_some(client, on_acknowledged);
    } catch (const std::runtime_error&) {
      // The connection has ended: what is in flight may have been written, and may not.
    }
  }

  void verify(FrameClient& client) {
    std::vector<std::string> requests;
    for (const Unit& unit : units_) requests.push_back(wire::hmget("t", unit.keys));
    const auto answers = client.ask_all(requests);
    for (std::size_t i = 0; i < units_.size(); ++i) verify(units_[i], answers[i]);
  }

 private:
  static constexpr std::size_t depth = 16;

  template <class Callback>
  void write_some(FrameClient& client, Callback on_acknowledged) {
    std::vector<Unit*> written;
    std::string frames;
    while (written.size() < depth) {
      Unit& unit = units_[random_() % units_.size()];
      const State state = next_state();
      unit.possible.push_back(state);  // before it is sent: from here on it may happen
      frames += wire::frame(request(unit, state));
      written.push_back(&unit);
    }
    client.send_raw(frames);
    for (Unit* unit : written) {
      const wire::Response previous =
          wire::ok(std::vector(unit->keys.size(), unit->possible.front()));
      const wire::Response answer = client.receive_response();
      EXPECT_EQ(answer, previous) << unit->keys[0];
      unit->possible.pop_front();
      on_acknowledged();
    }
  }

  State next_state() {
    if (random_() % 8 == 0) return std::nullopt;
    const std::string padding(random_() % 1'000, 'x');
    return std::to_string(number_) + "/" + std::to_string(++count_) + padding;
  }

  static std::string request(const Unit& unit, const State& state) {
    const auto& keys = unit.keys;
    if (keys.size() == 1) return state ? wire::hset("t", keys[0], state) : wire::hdel("t", keys[0]);
    if (!state) return wire::hmdel("t", keys);
    return wire::hmset("t", {{keys[0], *state}, {keys[1], *state}});
  }

  static void verify(Unit& unit, const wire::Response& answer) {
    ASSERT_EQ(answer.status, 200u) << answer;
    ASSERT_EQ(answer.values.size(), unit.keys.size()) << answer;
    const State& found = answer.values[0];
    for (const State& other : answer.values)
      EXPECT_EQ(other, found) << "half of an HMSET: " << answer;
    const bool known =
        std::find(unit.possible.begin(), unit.possible.end(), found) != unit.possible.end();
    EXPECT_TRUE(known) << unit.keys[0] << " is " << answer << ", was acknowledged as "
                       << wire::ok({unit.possible.front()}) << ", and in flight were "
                       << wire::ok({unit.possible.begin() + 1, unit.possible.end()});
    unit.possible = {found};
  }

  std::mt19937 random_;
  int number_;
  int count_ = 0;
  std::vector<Unit> units_;
};

class Kills {
 public:
  explicit Kills(const std::string& policy) : server_{flags(policy)} {
    for (int i = 0; i < 8; ++i) writers_.emplace_back(seed_, i);
  }

  void round() {
    // From the first write on: what a crash interrupts is different early and late.
    const int last =
        random_() % 4 == 0 ? static_cast<int>(random_() % 50) : static_cast<int>(random_() % 3'000);
    std::atomic<int> acknowledged = 0;
    std::promise<void> enough;
    std::vector<std::jthread> threads;
    for (Writer& writer : writers_) {
      threads.emplace_back([&writer, &acknowledged, &enough, last, port = server_.port()] {
        writer.run(port, [&] {
          if (acknowledged++ == last) enough.set_value();
        });
      });
    }
    EXPECT_EQ(enough.get_future().wait_for(60s), std::future_status::ready)
        << "only " << acknowledged << " writes";
    server_.kill_9();
    threads.clear();
    total_ += acknowledged;
    server_.start_again();
    FrameClient client{server_.port()};
    for (Writer& writer : writers_) writer.verify(client);
    for (const auto& [name, value] : client.ask(wire::info()).pairs) {
      if (name == "snapshot_age") ++with_a_snapshot_;
    }
  }

  int acknowledged() const { return total_; }
  int starts_with_a_snapshot() const { return with_a_snapshot_; }

 private:
  /// Stage 5 knows no other policy than "always", and no flag for it.
  std::vector<std::string> flags(const std::string& policy) const {
    std::vector<std::string> flags{"--data-dir", (folder_.path() / "data").string(),
                                   "--snapshot-every", "262144"};
    if (policy != "always") flags.insert(flags.end(), {"--fsync", policy});
    return flags;
  }

  TempFolder folder_;
  ServerProcess server_;
  std::vector<Writer> writers_;
  const std::uint32_t seed_ = random_seed();
  std::mt19937 random_{seed_};
  int total_ = 0, with_a_snapshot_ = 0;
};

void kill_repeatedly(const std::string& policy, int rounds) {
  const auto start = std::chrono::steady_clock::now();
  Kills kills{policy};
  for (int round = 1; round <= rounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    kills.round();
  }
  figure("acknowledged_writes", kills.acknowledged());
  figure("kills", rounds);
  figure("starts_with_a_snapshot", kills.starts_with_a_snapshot());
  if (rounds >= 30) {
    EXPECT_GT(kills.starts_with_a_snapshot(), rounds / 3) << "they go on meanwhile";
  }
  figure("seconds",
         std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

int rounds() {
  const char* const given = std::getenv("KV_KILL_ROUNDS");
  return given ? std::atoi(given) : 3;
}

TEST(KillNine, LosesNothingAcknowledgedUnderAlways) { kill_repeatedly("always", rounds()); }
TEST(KillNinePolicies, LosesNothingAcknowledgedUnderEverysec) {
  kill_repeatedly("everysec", rounds());
}
TEST(KillNinePolicies, LosesNothingAcknowledgedUnderNever) { kill_repeatedly("never", rounds()); }

TEST(KillNineHundred, LosesNothingAcknowledgedUnderAlways) { kill_repeatedly("always", 100); }

}  // namespace
}  // namespace kv::test
