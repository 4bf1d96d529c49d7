// A store loses its power, or is killed, before every operation on its folder, also in the recovery
// from that: what was acknowledged is there at the next start, then commands in flight in their
// order, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fatal_error.hpp"
#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using Operation = SimulatedFolder::Operation;

class Crash : public testing::Test {
 protected:
  static constexpr std::size_t commands = 90;
  static constexpr std::size_t outcomes = 4;  // of a crash

  /// The contents before and after each command.
  static std::vector<Contents> expected_states(std::uint32_t seed) {
    MemTable memtable{any_answer()};
    RandomCommands random{seed};
    std::vector<Contents> states{{}};
    for (std::size_t i = 0; i < commands; ++i) {
      EXPECT_TRUE(random.next(memtable));
      states.push_back(contents_of(memtable));
    }
    return states;
  }

  /// What is found of the folder when the power goes now, or the process is killed.
  SimulatedFolder left_of(const SimulatedFolder& folder, std::size_t operation) const {
    return killed_ ? folder.after_kill()
                   : folder.after_power_loss(seed_ + static_cast<std::uint32_t>(operation));
  }

  /// Carries out the commands; waits for two of three to be safe before the next one.
  void run_commands() {
    OpenStore store{folder_, snapshot_every_};
    RandomCommands random{seed_};
    while (begun_ < commands) {
      ++begun_;
      ASSERT_TRUE(random.next(store.memtable()));
      if (begun_ % 3 == 1) continue;
      ASSERT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
      if (HasFailure()) return;
      acknowledged_ = begun_.load();
      if (snapshot_every_ > 0 && begun_ == commands / 2) wait_for_a_snapshot(store);
    }
    if (snapshot_every_ > 0) wait_for_a_snapshot(store);  // the end waits for none to begin
    ASSERT_TRUE(store.store().close());
  }

  /// The log is short again: the last snapshot has been begun, and the end waits for it.
  void wait_for_a_snapshot(OpenStore& store) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    const auto written = [&] {
      const auto files = folder_.files();
      return !files.contains("log-1") && !files.contains("snapshot.tmp");
    };
    while (!written() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ASSERT_TRUE(written());
    ASSERT_FALSE(store.wal().failed());
  }

  void crash_after_every_operation() {
    std::mutex mutex;  // one check at a time, for failures that can be read
    folder_.set_hook([&](const Operation& operation) {
      const auto from = acknowledged_.load();  // before the pictures are taken
      std::vector<SimulatedFolder> left;
      for (std::size_t i = 0; i < outcomes; ++i)
        left.push_back(left_of(folder_, operation.number * outcomes + i));
      const auto to = begun_.load();  // and after them
      const std::lock_guard lock{mutex};
      for (const auto& folder : left) {
        if (!HasFailure()) check(folder, from, to, operation);
      }
      return false;
    });
    run_commands();
    folder_.set_hook(nullptr);
    EXPECT_EQ(recover(folder_.after_power_loss(seed_)), states_.back());
    figure("crashes", crashes_);
    figure("crashes_in_recovery", crashes_in_recovery_);
  }

  /// Starts on what is left, goes on, and loses its power in all of this again.
  void check(const SimulatedFolder& left, std::size_t from, std::size_t to,
             const Operation& crash) {
    SCOPED_TRACE("crash before operation " + std::to_string(crash.number) + ", on " + crash.name);
    try {
      auto folder = left;
      std::vector<SimulatedFolder> left_by_recovery;
      folder.set_hook([&](const Operation& operation) {
        left_by_recovery.push_back(left_of(folder, operation.number));
        return false;
      });
      Contents found;
      {
        OpenStore store{folder};
        folder.set_hook(nullptr);
        found = store.contents();
        store.set_durably("after", "the crash");
      }
      ASSERT_TRUE(std::find(&states_[from], &states_[to] + 1, found) != &states_[to] + 1)
          << testing::PrintToString(found) << "\nis none of those after command " << from << " to "
          << to;
      for (const auto& again : left_by_recovery) ASSERT_EQ(look(again), found);
      ++crashes_;
      crashes_in_recovery_ += left_by_recovery.size();
      const auto some = crash.number % left_by_recovery.size();
      ASSERT_EQ(recover(left_by_recovery[some]), found);
      found["t"]["after"] = text_of("the crash");
      ASSERT_EQ(recover(folder.after_power_loss(seed_)), found);
    } catch (const FatalError& error) {
      ADD_FAILURE() << error.what();
    }
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  const std::vector<Contents> states_ = expected_states(seed_);
  std::uint64_t snapshot_every_ = 0;
  bool killed_ = false;  // else it loses its power
  SimulatedFolder folder_;
  std::atomic<std::size_t> begun_ = 0, acknowledged_ = 0;
  std::size_t crashes_ = 0, crashes_in_recovery_ = 0;
};

TEST_F(Crash, AfterAnyOperationLosesNothingThatWasAcknowledged) { crash_after_every_operation(); }

TEST_F(Crash, AfterAnyOperationWithSnapshotsLosesNothingThatWasAcknowledged) {
  snapshot_every_ = 3000;
  crash_after_every_operation();
  EXPECT_FALSE(folder_.files().contains("log-1"));  // a snapshot has replaced it
}

TEST_F(Crash, AKillAtAnyOperationLosesNothingThatWasAcknowledged) {
  killed_ = true;
  snapshot_every_ = 3000;
  crash_after_every_operation();
}

}  // namespace
}  // namespace kv::test
