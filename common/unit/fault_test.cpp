// Each operation on the folder fails, in a run of its own, on a new store and on one with data:
// what was acknowledged is there at the next start; after a failure that leaves unknown what is on
// the disk nothing is acknowledged, ever; after any other a command is refused, and the store goes
// on. And each read of a start.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/fatal_error.hpp"
#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

class Fault : public testing::Test {
 protected:
  inline static const Store::Settings with_snapshots{.snapshot_every = 3000, .limits = tiny_limits};

  /// What was seen of a store while it ran.
  struct Run {
    std::vector<Contents> states;  // that may be found: the last one before it, what it began
                                   // with, and after each command that was carried out
    std::size_t acknowledged = 0;  // the last of these that somebody knows of
    bool ended = false;            // by a final error, or it never began
  };

  Run run_commands(const SimulatedFolder& folder, const Contents& before, int commands) {
    Run run{.states = {before, look(folder)}};
    try {
      OpenStore store{folder, settings_};
      run.acknowledged = 1;
      EXPECT_EQ(store.contents(), run.states.back());
      RandomCommands random{seed_};
      for (int i = 0; i < commands; ++i) {
        if (store.wal().failed()) {
          expect_the_end(store, random);
        } else {
          command(store, random, run);
        }
      }
      (void)store.store().close();  // may fail as well; the log's thread has ended then
      run.ended = store.wal().failed();
      EXPECT_EQ(store.failures(), run.ended ? 1 : 0);
    } catch (const FatalError& error) {
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
      const auto found = recover(folder, settings_);
      EXPECT_TRUE(std::find(&run.states[run.acknowledged], &run.states.back() + 1, found) !=
                  &run.states.back() + 1)
          << how << ": " << testing::PrintToString(found);
    } catch (const FatalError& error) {
      ADD_FAILURE() << how << ": " << error.what();
    }
  }

  struct Begin {
    SimulatedFolder folder;
    Contents acknowledged;
  };

  Begin empty_folder() const { return {SimulatedFolder{seed_}, {}}; }

  /// Two snapshots, the log since the older one, and a command that nobody was told of, since such
  /// an operation failed: after a write half of it is there; after a sync only the kernel has it.
  Begin folder_with_data(SimulatedFolder::Kind failed) const {
    SimulatedFolder folder{seed_};
    OpenStore store{folder, with_snapshots};
    RandomCommands random{seed_};
    const auto snapshots = [&] {
      return std::ranges::count_if(
          folder.files(), [](const auto& file) { return snapshot_lsn(file.first).has_value(); });
    };
    for (int i = 0; i < 10'000 && snapshots() < 2; ++i) {
      EXPECT_TRUE(random.next(store.memtable()));
      EXPECT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
    }
    EXPECT_GE(snapshots(), 2);
    if (failed == SimulatedFolder::Kind::sync_file) folder.lose_all();
    auto acknowledged = store.contents();
    EXPECT_TRUE(store.memtable().set("t", {"unanswered", std::string(2000, 'x')}));
    folder.set_hook([failed](const auto& operation) {
      return operation.kind == failed ? std::optional{Status::storage_failed} : std::nullopt;
    });
    if (store.wal().make_durable(store.wal().last_lsn()))  // the log's thread was at it already
      acknowledged = store.contents();
    folder.set_hook(nullptr);
    return {folder, acknowledged};
  }

  void fail_each_operation(Status status, bool for_good) {
    fail_each_operation(status, for_good, 40, [this] { return empty_folder(); });
    const auto data = [this](auto failed) {
      return [=, this] { return folder_with_data(failed); };
    };
    fail_each_operation(status, for_good, 5, data(SimulatedFolder::Kind::write));
    settings_.snapshot_every = 0;  // or one would make up for what the log has lost
    fail_each_operation(status, for_good, 5, data(SimulatedFolder::Kind::sync_file));
  }

  template <class MakeBegin>
  void fail_each_operation(Status status, bool for_good, int commands, MakeBegin make_begin) {
    std::size_t ended = 0, went_on = 0;
    for (std::size_t i = 2; !HasFailure(); ++i) {
      Begin begin = make_begin();
      SimulatedFolder& folder = begin.folder;
      const auto number = folder.operations() + i / 2;
      if (i % 2 == 1) folder.lose_all();  // of a sync; else some of it
      std::string name;
      folder.set_hook([&](const auto& operation) {
        if (operation.number == number) name = operation.name;
        return fail_at(number, status, for_good)(operation);
      });
      const auto run = run_commands(folder, begin.acknowledged, commands);
      if (folder.operations() < number) break;
      SCOPED_TRACE("failed operation " + std::to_string(number) + ", on " + name);
      folder.set_hook(nullptr);
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss");
      expect_nothing_lost(folder.opened_again(), run, "start with what the kernel has");
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss after that");
      ++(run.ended ? ended : went_on);
    }
    figure("runs", ended + went_on);
    EXPECT_GT(ended, 0u);
    if (!for_good) {
      EXPECT_GT(went_on, 0u);
    }
  }

  /// A start either has all data or is refused, and the next one has all.
  void fail_each_read(bool for_good, bool truncate) {
    const auto begin = folder_with_data(SimulatedFolder::Kind::write).folder;
    const auto expected = look(begin);
    std::size_t started = 0, refused = 0;
    for (std::size_t number = 1; !HasFailure(); ++number) {
      SCOPED_TRACE("failed read " + std::to_string(number));
      auto folder = begin.after_kill();
      folder.fail_read(number, for_good);
      try {
        EXPECT_EQ(recover(folder, {.truncate = truncate}), expected);
        ++started;
      } catch (const FatalError&) {
        ++refused;
      }
      if (folder.reads() < number) break;
      folder.fail_read(0, false);
      EXPECT_EQ(recover(folder), expected);
    }
    figure("started", started);
    figure("refused", refused);
    EXPECT_GT(refused, 0u);
  }

  Store::Settings settings_ = with_snapshots;
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

TEST_F(Fault, AReadErrorOfAStartLosesNothing) { fail_each_read(false, false); }

TEST_F(Fault, AReadErrorOfAStartThatMayCutLosesNothing) { fail_each_read(false, true); }

TEST_F(Fault, ADiskThatCannotBeReadAnyMoreLosesNothing) { fail_each_read(true, false); }

TEST_F(Fault, ADiskThatCannotBeReadAnyMoreLosesNothingAlsoToAStartThatMayCut) {
  fail_each_read(true, true);
}

}  // namespace
}  // namespace kv::test
