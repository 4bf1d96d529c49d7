// The output rule's gate: who passes it hears of nothing that is not safe.

#include "net/barrier.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;

class BarrierTest : public testing::Test {
 protected:
  /// Somebody who notes in passed_ what the barrier has told.
  void spawn_waiter(Barrier& barrier) {
    boost::asio::co_spawn(context_, barrier.pass(),
                          [this](std::exception_ptr, bool safe) { passed_.push_back(safe); });
    context_.restart();
    context_.poll();
  }

  /// Lets all waiters go on that can; returns when none are left.
  void run_waiters() {
    context_.restart();
    context_.run();
  }

  /// Holds a command up in its sync.
  void begin_sync(OpenLog& log, Gate& gate) {
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.set("key"));
    gate.wait_for_somebody();
  }

  SimulatedFolder folder_;
  boost::asio::io_context context_;
  std::atomic<std::uint32_t> connections_ = 2;
  std::vector<bool> passed_;
};

TEST_F(BarrierTest, WithoutALogIsOpen) {
  Barrier barrier{context_, nullptr, connections_};
  EXPECT_TRUE(barrier.is_open());
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, ElementsAre(true));
}

TEST_F(BarrierTest, IsOpenWhereAllIsSafe) {
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  EXPECT_TRUE(barrier.is_open());
  log.set_durably("key");
  EXPECT_TRUE(barrier.is_open());
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, ElementsAre(true));
}

TEST_F(BarrierTest, HoldsUntilTheSyncHasEnded) {
  Gate gate;
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  begin_sync(log, gate);
  EXPECT_FALSE(barrier.is_open());
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, IsEmpty());
  gate.open();
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(true));
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
  EXPECT_TRUE(barrier.is_open());
}

TEST_F(BarrierTest, LetsAllOnWithOneWakeUp) {
  constexpr std::size_t waiters = 100;
  std::latch told{1};
  Gate gate;
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  begin_sync(log, gate);
  for (std::size_t i = 0; i < waiters; ++i) spawn_waiter(barrier);
  log.wal().listeners().add([&] {  // called after the barrier's
    if (!told.try_wait()) told.count_down();
  });
  gate.open();
  told.wait();
  context_.restart();
  EXPECT_EQ(context_.poll_one(), 1u);
  EXPECT_THAT(passed_, IsEmpty()) << "that was the wake-up";
  EXPECT_EQ(context_.poll(), waiters);
  EXPECT_THAT(passed_, SizeIs(waiters));
  EXPECT_THAT(passed_, Each(true));
}

TEST_F(BarrierTest, HasAllChangesOfATurnOfTheLoopWrittenAsOneGroup) {
  const auto slow_disk = std::chrono::milliseconds{20};
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  const auto change_and_pass = [&] {
    ASSERT_TRUE(log.change("key"));
    boost::asio::co_spawn(context_, barrier.pass(),
                          [this](std::exception_ptr, bool safe) { passed_.push_back(safe); });
  };
  boost::asio::post(context_, change_and_pass);
  boost::asio::post(context_, [&] {
    const auto end = std::chrono::steady_clock::now() + slow_disk;
    while (log.wal().durable_lsn() == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    change_and_pass();
  });
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(true, true));
  const auto headers = headers_in(folder_.bytes(segments_in(folder_).back()));
  ASSERT_THAT(headers, SizeIs(testing::Ge(2u)));
  EXPECT_EQ(headers[1].durable_lsn, 0u) << "the first was synced before the second came";
}

TEST_F(BarrierTest, LetsAConnectionThatIsAloneSyncInItsOwnThreadAndMarkThatAfterItsAnswer) {
  std::vector<std::pair<Kind, std::size_t>> operations;  // and how many had passed before
  const auto own_thread = std::this_thread::get_id();
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
    if (std::this_thread::get_id() == own_thread)
      operations.emplace_back(operation.kind, passed_.size());
    return std::nullopt;
  });
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  connections_ = 1;
  operations.clear();
  ASSERT_TRUE(log.change("key"));
  spawn_waiter(barrier);
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(true));
  EXPECT_THAT(operations,
              ElementsAre(Pair(Kind::write, 0), Pair(Kind::sync_file, 0), Pair(Kind::write, 1)));
}

TEST_F(BarrierTest, TellsAConnectionThatIsAloneOfTheEnd) {
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  connections_ = 1;
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  ASSERT_TRUE(log.change("key"));
  spawn_waiter(barrier);
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(false));
  EXPECT_EQ(log.failures(), 1);
}

TEST_F(BarrierTest, HoldsNobodyForWhatComesAfter) {
  Gate first, second;
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  begin_sync(log, first);
  spawn_waiter(barrier);
  folder_.set_hook(second.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("key"));
  spawn_waiter(barrier);
  first.open();
  second.wait_for_somebody();
  while (passed_.empty()) context_.run_one();
  context_.poll();
  EXPECT_THAT(passed_, SizeIs(1));
  second.open();
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(true, true));
}

TEST_F(BarrierTest, HoldsUntilTheWriteWhereThePolicyIsNever) {
  Gate gate;
  OpenLog log{folder_, {.sync = Sync::never}};
  Barrier barrier{context_, &log.wal(), connections_};
  folder_.set_hook(gate.hook(Kind::write, "wal-"));
  ASSERT_TRUE(log.set("key"));
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, IsEmpty());
  gate.open();
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(true));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
}

TEST_F(BarrierTest, TellsWhoWaitsOfTheEnd) {
  Gate gate;
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  folder_.set_hook([hold = gate.hook(Kind::sync_file, "wal-")](const auto& operation) {
    (void)hold(operation);
    return operation.kind == Kind::sync_file ? std::optional{Status::storage_failed} : std::nullopt;
  });
  ASSERT_TRUE(log.set("key"));
  gate.wait_for_somebody();
  spawn_waiter(barrier);
  spawn_waiter(barrier);
  gate.open();
  run_waiters();
  EXPECT_THAT(passed_, ElementsAre(false, false));
}

TEST_F(BarrierTest, LetsNobodyOnAfterTheEnd) {
  OpenLog log{folder_};
  Barrier barrier{context_, &log.wal(), connections_};
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  ASSERT_TRUE(log.set("key"));
  log.wait_for_failure();
  EXPECT_FALSE(barrier.is_open());
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, ElementsAre(false));
}

TEST_F(BarrierTest, LetsNobodyOnAfterTheEndAlsoWhereNobodyWaitsForASync) {
  OpenLog log{folder_, {.sync = Sync::everysec}};
  Barrier barrier{context_, &log.wal(), connections_};
  ASSERT_TRUE(log.set("key"));
  log.wait_until_safe(1);
  EXPECT_TRUE(barrier.is_open());
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  EXPECT_FALSE(log.wal().make_durable(1));
  EXPECT_FALSE(barrier.is_open());
  spawn_waiter(barrier);
  EXPECT_THAT(passed_, ElementsAre(false));
}

}  // namespace
}  // namespace kv::test
