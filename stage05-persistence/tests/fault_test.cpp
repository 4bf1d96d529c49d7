// Each operation on the folder fails, in a run of its own: what was acknowledged is there at the
// next start; after a failure that leaves unknown what is on the disk nothing is acknowledged,
// ever; after any other a command is refused, and the store goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"
#include "start_error.hpp"

namespace kv::test {
namespace {

class Fault : public testing::Test {
 protected:
  static constexpr Store::Settings settings{.snapshot_every = 3000, .limits = tiny_limits};

  /// What was seen of a store while it ran.
  struct Run {
    std::vector<Contents> states{{}};  // after each command that was carried out
    std::size_t acknowledged = 0;      // so many of them were
    bool ended = false;                // by a final error, or it never began
  };

  Run run_commands(const SimulatedFolder& folder) {
    Run run;
    try {
      OpenStore store{folder, settings};
      RandomCommands random{seed_};
      for (int i = 0; i < 40; ++i) {
        if (store.wal().failed()) {
          expect_the_end(store, random);
        } else {
          command(store, random, run);
        }
      }
      (void)store.store().close();  // may fail as well; the log's thread has ended then
      run.ended = store.wal().failed();
      EXPECT_EQ(store.failures(), run.ended ? 1 : 0);
    } catch (const StartError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start)) << error.what();
      run.ended = true;
    }
    return run;
  }

  void command(OpenStore& store, RandomCommands& random, Run& run) {
    const auto last_lsn = store.wal().last_lsn();
    if (const auto done = random.next(store.memtable()); !done) {
      EXPECT_EQ(store.wal().last_lsn(), last_lsn);
      EXPECT_EQ(store.contents(), run.states.back());
      return;
    }
    run.states.push_back(store.contents());
    if (run.states.size() % 3 == 0) return;  // the next one is waited for
    if (run.states.size() % 2 == 0) flush_here(store.wal());
    if (store.wal().make_durable(store.wal().last_lsn())) run.acknowledged = run.states.size() - 1;
  }

  void expect_the_end(OpenStore& store, RandomCommands& random) {
    const auto last_lsn = store.wal().last_lsn(), safe_lsn = store.wal().safe_lsn(),
               durable_lsn = store.wal().durable_lsn();
    const auto contents = store.contents();
    (void)random.next(store.memtable());
    EXPECT_FALSE(store.set("one", "more"));
    EXPECT_FALSE(
        store.wal().make_durable(durable_lsn + 1 > last_lsn ? last_lsn : durable_lsn + 1) &&
        durable_lsn < last_lsn);
    EXPECT_EQ(store.wal().last_lsn(), last_lsn);
    EXPECT_EQ(store.wal().safe_lsn(), safe_lsn);
    EXPECT_EQ(store.wal().durable_lsn(), durable_lsn);
    EXPECT_EQ(store.contents(), contents);
  }

  void expect_nothing_lost(const SimulatedFolder& folder, const Run& run, const char* how) {
    try {
      const auto found = recover(folder, settings);
      EXPECT_TRUE(std::find(&run.states[run.acknowledged], &run.states.back() + 1, found) !=
                  &run.states.back() + 1)
          << how << ": " << testing::PrintToString(found);
    } catch (const StartError& error) {
      ADD_FAILURE() << how << ": " << error.what();
    }
  }

  void fail_each_operation(Status status, bool for_good) {
    std::size_t ended = 0, went_on = 0;
    for (std::size_t i = 2; !HasFailure(); ++i) {
      const auto number = i / 2;
      SimulatedFolder folder{seed_};
      if (i % 2 == 1) folder.lose_all();  // of a sync; else some of it
      std::string name;
      folder.set_hook([&](const auto& operation) {
        if (operation.number == number) name = operation.name;
        return fail_at(number, status, for_good)(operation);
      });
      const auto run = run_commands(folder);
      if (folder.operations() < number) break;
      SCOPED_TRACE("failed operation " + std::to_string(number) + ", on " + name);
      folder.set_hook(nullptr);
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss");
      expect_nothing_lost(folder, run, "start with what the kernel has");
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss after that");
      ++(run.ended ? ended : went_on);
    }
    figure("runs", ended + went_on);
    EXPECT_GT(ended, 0u);
    if (!for_good) {
      EXPECT_GT(went_on, 0u);
    }
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
};

TEST_F(Fault, AnErrorLosesNothingThatWasAcknowledged) {
  fail_each_operation(Status::storage_failed, false);
}

TEST_F(Fault, ADiskThatFailsForGoodLosesNothingThatWasAcknowledged) {
  fail_each_operation(Status::storage_failed, true);
}

TEST_F(Fault, NoSpaceLosesNothingThatWasAcknowledged) {
  fail_each_operation(Status::no_space, false);
}

TEST_F(Fault, NoSpaceForGoodLosesNothingThatWasAcknowledged) {
  fail_each_operation(Status::no_space, true);
}

}  // namespace
}  // namespace kv::test
