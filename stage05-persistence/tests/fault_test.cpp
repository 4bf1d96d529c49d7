// Each operation on the folder fails, in a run of its own, on a new store and on one with data: the
// store ends, nothing is acknowledged after it, and what had been is there at the next start. And
// each read of a start.

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
      OpenStore store{folder, snapshot_every_};
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
      run.ended = !store.store().close();  // its own errors, too
      EXPECT_EQ(store.failures(), store.wal().failed() ? 1 : 0);
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start)) << error.what();
      run.ended = true;
    }
    return run;
  }

  void command(OpenStore& store, RandomCommands& random, Run& run) {
    if (!random.next(store.memtable())) {  // the snapshot's thread was quicker
      EXPECT_TRUE(store.wal().failed());
      EXPECT_EQ(store.contents(), run.states.back());
      return;
    }
    run.states.push_back(store.contents());
    if (run.states.size() % 3 == 0) return;  // the next one is waited for
    if (store.wal().make_durable(store.wal().last_lsn())) run.acknowledged = run.states.size() - 1;
  }

  void expect_the_end(OpenStore& store, RandomCommands& random) {
    const auto last_lsn = store.wal().last_lsn(), durable_lsn = store.wal().durable_lsn();
    const auto contents = store.contents();
    (void)random.next(store.memtable());
    EXPECT_FALSE(store.memtable().set("t", {"one", "more"}));
    EXPECT_FALSE(store.wal().make_durable(last_lsn + 1));
    EXPECT_EQ(store.wal().last_lsn(), last_lsn);
    EXPECT_EQ(store.wal().durable_lsn(), durable_lsn);
    EXPECT_EQ(store.contents(), contents);
  }

  void expect_nothing_lost(const SimulatedFolder& folder, const Run& run, const char* how) {
    try {
      const auto found = recover(folder);
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

  /// A snapshot, the log since, and a command that nobody was told of, since such an operation
  /// failed: after a write half of it is there; after a sync only the kernel has it.
  Begin folder_with_data(SimulatedFolder::Kind failed) const {
    SimulatedFolder folder{seed_};
    OpenStore store{folder, 3000};
    RandomCommands random{seed_};
    write_until_a_snapshot(folder, store, random);
    if (failed == SimulatedFolder::Kind::sync_file) folder.lose_all();
    auto acknowledged = store.contents();
    folder.set_hook([failed](const auto& operation) { return operation.kind == failed; });
    EXPECT_TRUE(store.memtable().set("t", {"unanswered", std::string(2000, 'x')}) ||
                store.wal().failed());
    EXPECT_FALSE(store.wal().make_durable(store.wal().last_lsn() + 1));
    folder.set_hook(nullptr);
    return {folder, acknowledged};
  }

  void fail_each_operation(bool for_good) {
    fail_each_operation(for_good, 40, [this] { return empty_folder(); });
    for (const auto kind : {SimulatedFolder::Kind::write, SimulatedFolder::Kind::sync_file})
      fail_each_operation(for_good, 5, [=, this] { return folder_with_data(kind); });
  }

  template <class MakeBegin>
  void fail_each_operation(bool for_good, int commands, MakeBegin make_begin) {
    std::size_t runs = 0;
    for (std::size_t i = 2; !HasFailure(); ++i) {
      Begin begin = make_begin();
      SimulatedFolder& folder = begin.folder;
      const auto number = folder.operations() + i / 2;
      if (i % 2 == 1) folder.lose_all();  // of a sync; else some of it
      std::string name;
      folder.set_hook([&](const auto& operation) {
        if (operation.number == number) name = operation.name;
        return fail_at(number, for_good)(operation);
      });
      const auto run = run_commands(folder, begin.acknowledged, commands);
      if (folder.operations() < number) break;
      SCOPED_TRACE("failed operation " + std::to_string(number) + ", on " + name);
      EXPECT_TRUE(run.ended);
      folder.set_hook(nullptr);
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss");
      expect_nothing_lost(folder, run, "start with what the kernel has");
      expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss after that");
      ++runs;
    }
    figure("runs", runs);
    EXPECT_GT(runs, 0u);
  }

  /// A start either has all data or is refused, and the next one has all.
  void fail_each_read(bool for_good) {
    const auto begin = folder_with_data(SimulatedFolder::Kind::write).folder;
    const auto expected = look(begin);
    std::size_t started = 0, refused = 0;
    for (std::size_t number = 1; !HasFailure(); ++number) {
      SCOPED_TRACE("failed read " + std::to_string(number));
      auto folder = begin.after_kill();
      folder.fail_read(number, for_good);
      try {
        EXPECT_EQ(recover(folder), expected);
        ++started;
      } catch (const FatalError&) {
        ++refused;
      }
      if (folder.reads() < number) break;
      folder.fail_read(0, false);
      EXPECT_EQ(recover(folder), expected);
    }
    figure("refused", refused);
    EXPECT_EQ(started, 1u) << "the last one, without an error";
    EXPECT_GT(refused, 0u);
  }

  std::uint64_t snapshot_every_ = 3000;
  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
};

TEST_F(Fault, AnErrorLosesNothingThatWasAcknowledged) { fail_each_operation(false); }

TEST_F(Fault, ADiskThatFailsForGoodLosesNothingThatWasAcknowledged) { fail_each_operation(true); }

TEST_F(Fault, AReadErrorOfAStartLosesNothing) { fail_each_read(false); }

TEST_F(Fault, ADiskThatCannotBeReadAnyMoreLosesNothing) { fail_each_read(true); }

/// Room comes back after the end: whatever a full disk has torn is cut off.
TEST_F(Fault, AFullDiskEndsTheStoreAndLosesNothingThatWasAcknowledged) {
  for (std::size_t room = 200; room < 12'000 && !HasFailure(); room += 97) {
    SimulatedFolder folder{seed_};
    folder.set_capacity(room);
    const auto run = run_commands(folder, {}, 40);
    folder.set_capacity(1'000'000);
    SCOPED_TRACE("room for " + std::to_string(room) + " bytes");
    expect_nothing_lost(folder.after_power_loss(seed_), run, "power loss");
    expect_nothing_lost(folder, run, "start with what the kernel has");
  }
}

}  // namespace
}  // namespace kv::test
