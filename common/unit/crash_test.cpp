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

  static void wait_until_durable(Wal& wal) { ASSERT_TRUE(wal.make_durable(wal.last_lsn())); }

  /// As a client does, which is told then.
  static void wait_until_safe(Wal& wal) {
    wal.flush_soon();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (wal.safe_lsn() < wal.last_lsn() && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    ASSERT_GE(wal.safe_lsn(), wal.last_lsn());
  }

  /// What is found of the folder when the power goes now, or the process is killed.
  SimulatedFolder left_of(const SimulatedFolder& folder, std::size_t operation) const {
    return killed_ ? folder.after_kill()
                   : folder.after_power_loss(seed_ + static_cast<std::uint32_t>(operation));
  }

  /// Carries out the commands; waits for two of three to be safe before the next one.
  void run_commands() {
    OpenStore store{folder_, settings_};
    RandomCommands random{seed_};
    while (begun_ < commands) {
      ++begun_;
      ASSERT_TRUE(random.next(store.memtable()));
      if (begun_ % 3 == 1) continue;
      if (begun_ % 2 == 0) flush_here(store.wal());
      killed_ ? wait_until_safe(store.wal()) : wait_until_durable(store.wal());
      if (HasFailure()) return;
      acknowledged_ = begun_.load();
      if (settings_.snapshot_every > 0 && begun_ == commands / 2) wait_for_snapshots(1);
    }
    if (settings_.snapshot_every > 0) wait_for_snapshots(2);  // the end would not
    ASSERT_TRUE(store.store().close());
  }

  void wait_for_snapshots(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    const auto written = [&] {
      const auto files = folder_.files();
      return count == 1
                 ? std::ranges::any_of(
                       files, [](const auto& file) { return snapshot_lsn(file.first).has_value(); })
                 : !files.contains(segment_name(1));  // the second makes it unneeded
    };
    while (!written() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ASSERT_TRUE(written());
  }

  void crash_after_every_operation() {
    std::mutex mutex;  // one check at a time, for failures that can be read
    folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
      const auto from = acknowledged_.load();  // before the picture is taken
      const auto left = left_of(folder_, operation.number);
      const auto to = begun_.load();  // and after it
      const std::lock_guard lock{mutex};
      if (!HasFailure()) check(left, from, to, operation);
      return std::nullopt;
    });
    run_commands();
    folder_.set_hook(nullptr);
    EXPECT_EQ(recover(folder_.after_power_loss(seed_), settings_), states_.back());
    figure("crashes", crashes_);
    figure("crashes_in_recovery", crashes_in_recovery_);
  }

  /// The kernel has what was acknowledged, and nothing that is rotated or snapshot undoes that.
  void kill_at_every_operation(Sync sync) {
    killed_ = true;
    settings_.snapshot_every = 3000;
    settings_.sync = sync;
    crash_after_every_operation();
  }

  /// Starts on what is left, goes on, and loses its power in all of this again.
  void check(const SimulatedFolder& left, std::size_t from, std::size_t to,
             const Operation& crash) {
    SCOPED_TRACE("crash before operation " + std::to_string(crash.number) + ", on " + crash.name);
    try {
      auto folder = left;
      std::vector<SimulatedFolder> left_by_recovery;
      folder.set_hook([&](const Operation& operation) -> std::optional<Status> {
        left_by_recovery.push_back(left_of(folder, operation.number));
        return std::nullopt;
      });
      Contents found;
      {
        auto settings = settings_;
        settings.snapshot_every = 0;  // or it begins one at once, on a thread of its own
        OpenStore store{folder, settings};
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
      ASSERT_EQ(recover(left_by_recovery[some], settings_), found);
      found["t"]["after"] = text_of("the crash");
      ASSERT_EQ(recover(folder.after_power_loss(seed_), settings_), found);
    } catch (const FatalError& error) {
      ADD_FAILURE() << error.what();
    }
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  const std::vector<Contents> states_ = expected_states(seed_);
  Store::Settings settings_{.limits = tiny_limits};
  bool killed_ = false;  // else it loses its power
  SimulatedFolder folder_;
  std::atomic<std::size_t> begun_ = 0, acknowledged_ = 0;
  std::size_t crashes_ = 0, crashes_in_recovery_ = 0;
};

TEST_F(Crash, AfterAnyOperationLosesNothingThatWasAcknowledged) {
  crash_after_every_operation();
  EXPECT_GE(folder_.files().size(), 3u);  // the manifest, and segments
}

TEST_F(Crash, AfterAnyOperationWithSnapshotsLosesNothingThatWasAcknowledged) {
  settings_.snapshot_every = 3000;
  crash_after_every_operation();
  EXPECT_FALSE(folder_.files().contains(segment_name(1)));  // a snapshot has replaced it
}

TEST_F(Crash, AfterAnyOperationOfAStoreThatSeldomSyncsLosesNothingThatWasMadeDurable) {
  settings_.snapshot_every = 3000;
  settings_.sync = Sync::never;
  crash_after_every_operation();
}

TEST_F(Crash, AKillAtAnyOperationLosesNothingThatWasAcknowledged) {
  kill_at_every_operation(Sync::always);
}

TEST_F(Crash, AKillAtAnyOperationOfAStoreThatSyncsEachSecondLosesNothingThatWasAcknowledged) {
  kill_at_every_operation(Sync::everysec);
}

TEST_F(Crash, AKillAtAnyOperationOfAStoreThatSeldomSyncsLosesNothingThatWasAcknowledged) {
  kill_at_every_operation(Sync::never);
}

}  // namespace
}  // namespace kv::test
