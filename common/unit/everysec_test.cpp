// The policy everysec at a power loss. It takes as long as what it promises.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "disk/data_files.hpp"
#include "fixtures/seed.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

TEST(Everysec, LosesTwoSecondsAtMostAtAPowerLoss) {
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;
  const SimulatedFolder folder;
  OpenLog log{folder, {.sync = Sync::everysec, .limits = {}}};  // no segment ends meanwhile
  std::vector<Clock::time_point> safe_at;                       // of each LSN, from 1
  const auto begin = Clock::now();
  while (Clock::now() < begin + 4500ms) {
    ASSERT_TRUE(log.set("key"));
    log.wait_until_safe(safe_at.size() + 1);
    safe_at.push_back(Clock::now());
    std::this_thread::sleep_for(5ms);  // a client that comes now and then
  }
  const auto lost_power = Clock::now();
  const auto kept = commands_in(folder.after_power_loss(test::random_seed())).size();
  const auto old = std::ranges::lower_bound(safe_at, lost_power - 2s) - safe_at.begin();
  std::cout << "told of " << safe_at.size() << ", kept " << kept << ", older than 2 s " << old
            << '\n';
  EXPECT_GE(kept, static_cast<std::size_t>(old));
  EXPECT_GT(old, 0);
}

TEST(Everysec, LetsClientsWaitWhileASyncTakesTooLong) {
  using namespace std::chrono_literals;
  SimulatedFolder folder;
  Gate gate;
  OpenLog log{folder, {.sync = Sync::everysec}};
  folder.set_hook(gate.hook(SimulatedFolder::Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("first"));
  log.wait_until_safe(1);
  const auto told = std::chrono::steady_clock::now();
  gate.wait_for_somebody();
  std::this_thread::sleep_until(told + 2s);
  ASSERT_TRUE(log.set("late"));
  std::this_thread::sleep_for(100ms);  // it would be told of by now
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  gate.open();
  log.wait_until_safe(2);
}

/// The sync is the change's own then, and nobody else makes it.
TEST(Everysec, ASegmentThatChangesLateWaitsForNoSync) {
  using namespace std::chrono_literals;
  SimulatedFolder folder;
  OpenLog log{folder, {.sync = Sync::everysec}};
  ASSERT_TRUE(log.set("a", std::string(3000, 'v')));
  log.wait_until_safe(1);
  const auto told = std::chrono::steady_clock::now();
  ASSERT_TRUE(log.change("b", std::string(3000, 'v')));  // in the next segment, and not written
  std::this_thread::sleep_until(told + 2100ms);
  log.wal().flush_soon();
  log.wait_until_safe(2);
  EXPECT_EQ(log.wal().safe_lsn(), 2u);
}

/// It waits for a sync of the segment before, which the other thread makes.
TEST(Everysec, GoesOnWhereASegmentChangesDuringAWriteThatTakesTooLong) {
  using namespace std::chrono_literals;
  SimulatedFolder folder;
  Gate gate;
  OpenLog log{folder,
              {.sync = Sync::everysec, .limits = {.segment_bytes = 4096, .reserve_bytes = 4000}}};
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  const auto told = std::chrono::steady_clock::now();
  folder.set_hook(gate.hook(SimulatedFolder::Kind::write, segment_name(1)));
  ASSERT_TRUE(log.set("b", std::string(1000, 'v')));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.set("c", std::string(3000, 'v')));
  std::this_thread::sleep_until(told + 2100ms);
  gate.open();
  log.wait_until_safe(3);
  EXPECT_EQ(log.wal().safe_lsn(), 3u);
}

}  // namespace
}  // namespace kv::test
