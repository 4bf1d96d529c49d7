// Lives of two to six starts on one disk, each of which ends at any moment, also in its start: by a
// power loss, or a kill. What one has acknowledged the next one has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "base/fatal_error.hpp"
#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

class Lives : public testing::Test {
 protected:
  /// What a start may find: one of these.
  struct Left {
    SimulatedFolder folder;
    std::vector<Contents> states;
  };

  std::size_t below(std::size_t end) { return random_() % end; }

  /// Starts, and carries out commands until the end comes before some operation.
  Left live(const Left& before) {
    auto folder = before.folder;
    const std::size_t end = 1 + below(60);
    const bool killed = below(3) == 0;
    const auto seed = static_cast<std::uint32_t>(random_());
    const auto picture = [&] {
      return killed ? folder.after_kill(seed) : folder.after_power_loss(seed);
    };
    std::mutex mutex;  // guards these three: the snapshot's thread is there, too
    std::optional<SimulatedFolder> left;
    std::vector<Contents> states;
    std::size_t acknowledged = 0, from = 0;
    folder.set_hook([&](const SimulatedFolder::Operation& operation) {
      const std::lock_guard lock{mutex};
      if (operation.number == end) {
        from = acknowledged;
        left = picture();
      }
      return false;
    });
    OpenStore store{folder, below(2) * 1500};
    const auto found = store.contents();
    EXPECT_THAT(before.states, testing::Contains(found));
    RandomCommands commands{seed};
    {
      const std::lock_guard lock{mutex};
      if (left) return {*left, before.states};
      states.push_back(found);
    }
    for (int i = 0; i < 30; ++i) {
      RandomCommands same = commands;
      Contents after;
      {
        MemTable copy{any_answer()};
        replay_into(copy, store.memtable());
        EXPECT_TRUE(same.next(copy));
        after = contents_of(copy);
      }
      {
        const std::lock_guard lock{mutex};
        if (left) break;
        states.push_back(after);
      }
      EXPECT_TRUE(commands.next(store.memtable()));
      if (below(3) == 0) continue;
      EXPECT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
      const std::lock_guard lock{mutex};
      acknowledged = states.size() - 1;
    }
    const std::lock_guard lock{mutex};
    if (!left) {
      from = acknowledged;
      left = picture();
    }
    return {*left, {states.begin() + static_cast<std::ptrdiff_t>(from), states.end()}};
  }

  static void replay_into(MemTable& copy, const MemTable& memtable) {
    for (std::size_t shard = 0; shard < MemTable::shard_count; ++shard) {
      memtable.visit_shard(shard, [&](const Tables& tables) {
        for (const auto& [table, rows] : tables.by_name) {
          for (const auto& [key, value] : rows) copy.replay(table, std::vector{Entry{key, value}});
        }
      });
    }
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  std::mt19937 random_{seed_};
};

TEST_F(Lives, LoseNothingThatWasAcknowledged) {
  std::size_t starts = 0;
  for (int disk = 0; disk < 1000 && !HasFailure(); ++disk) {
    Left left{SimulatedFolder{seed_}, {{}}};
    SCOPED_TRACE("disk " + std::to_string(disk));
    try {
      for (std::size_t life = 2 + below(5); life > 0 && !HasFailure(); --life, ++starts)
        left = live(left);
      EXPECT_THAT(left.states, testing::Contains(recover(left.folder)));
    } catch (const FatalError& error) {
      ADD_FAILURE() << error.what();
    }
  }
  figure("starts", starts);
}

}  // namespace
}  // namespace kv::test
