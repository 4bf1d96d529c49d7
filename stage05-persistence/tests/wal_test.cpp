// The log: one group for all that has gathered, one sync for each group, and an end that is final.

#include "disk/wal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = SimulatedFolder::Kind;

class WalTest : public testing::Test {
 protected:
  /// Holds a command up in its sync.
  void begin_sync(OpenLog& log, Gate& gate) {
    folder_.set_hook(gate.hook(Kind::sync_file, "log-"));
    ASSERT_TRUE(log.set("first"));
    gate.wait_for_somebody();
  }

  SimulatedFolder folder_;
};

TEST_F(WalTest, GivesNumbersInOrder) {
  OpenLog log{folder_};
  log.set_durably("a", "1");
  log.set_durably("b", "2");
  EXPECT_EQ(log.wal().last_lsn(), 2u);
  EXPECT_EQ(log.wal().durable_lsn(), 2u);
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: a=1", "2: b=2"));
}

TEST_F(WalTest, WritesNothingBeforeItIsAsked) {
  OpenLog log{folder_};
  const auto operations = folder_.operations();
  ASSERT_TRUE(log.change("a") && log.change("b"));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  ASSERT_TRUE(log.wal().make_durable(2));
  EXPECT_EQ(folder_.operations(), operations + 2) << "one write, one sync";
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: a=v 2: b=v"));
}

TEST_F(WalTest, TakesWhatGathersDuringASyncAsOneGroup) {
  Gate gate;
  OpenLog log{folder_};
  begin_sync(log, gate);
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(log.set(key));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  gate.open();
  ASSERT_TRUE(log.wal().make_durable(4));
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: first=v", "2: a=v 3: b=v 4: c=v"));
}

TEST_F(WalTest, SyncsEachGroupBeforeItWritesTheNext) {
  Gate gate;
  OpenLog log{folder_};
  std::vector<Kind> operations;
  folder_.set_hook([&, hold = gate.hook(Kind::write, "log-")](const auto& operation) {
    operations.push_back(operation.kind);
    return hold(operation);
  });
  ASSERT_TRUE(log.set("a"));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.set("b")) << "during the write of the first one";
  gate.open();
  ASSERT_TRUE(log.wal().make_durable(2));
  folder_.set_hook(nullptr);
  EXPECT_THAT(operations, ElementsAre(Kind::write, Kind::sync_file, Kind::write, Kind::sync_file));
}

TEST_F(WalTest, IsDurableOnlyAfterTheSync) {
  OpenLog log{folder_};
  folder_.set_hook([&](const SimulatedFolder::Operation&) {
    EXPECT_EQ(log.wal().durable_lsn(), 0u);
    return false;
  });
  log.set_durably("a");
  folder_.set_hook(nullptr);
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
}

TEST_F(WalTest, TellsItsListenersOfEachGroup) {
  OpenLog log{folder_};
  std::atomic<Lsn> told = 0;
  const auto place = log.wal().listeners().add([&] { told = log.wal().durable_lsn(); });
  log.set_durably("a");
  while (told != 1) std::this_thread::yield();
  log.wal().listeners().remove(place);
}

TEST_F(WalTest, HoldsUpAChangeThatWouldMakeAGroupTooLarge) {
  Gate gate;
  auto record = empty_group();
  append_record(record, "t", std::vector{Entry{"k", "v"}});
  OpenLog log{folder_, sizeof(GroupHeader) + 2 * (record.size() - sizeof(GroupHeader))};
  begin_sync(log, gate);
  ASSERT_TRUE(log.change("a") && log.change("b")) << "there is room for two";
  auto third = std::async(std::launch::async, [&] { return log.change("c"); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
  gate.open();
  ASSERT_TRUE(third.get());
  ASSERT_TRUE(log.wal().make_durable(4));
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: first=v", "2: a=v 3: b=v", "4: c=v"));
}

TEST_F(WalTest, HasAFlushForEachThatWaitsForRoom) {
  using namespace std::chrono_literals;
  Gate gate;
  OpenLog log{folder_, 300};
  begin_sync(log, gate);
  const std::string large(200, 'x');
  ASSERT_TRUE(log.change("a", large)) << "there is room for one";
  std::vector<std::future<Result<void>>> waiting;
  for (const char* key : {"b", "c"})
    waiting.push_back(std::async(std::launch::async, [&, key] { return log.change(key, large); }));
  EXPECT_EQ(waiting.back().wait_for(50ms), std::future_status::timeout);
  gate.open();
  for (auto& change : waiting)
    EXPECT_EQ(change.wait_for(10s), std::future_status::ready) << "and nobody else asks for it";
  log.wal().flush_soon();  // for one who would wait for ever
}

TEST_F(WalTest, TakesARecordThatIsLargerThanAGroup) {
  OpenLog log{folder_, 100};
  log.set_durably("a", std::string(1000, 'x'));
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
}

TEST_F(WalTest, EndsWithTheFirstErrorForGood) {
  for (const auto kind : {Kind::write, Kind::sync_file}) {
    SimulatedFolder folder;
    OpenLog log{folder};
    log.set_durably("a");
    folder.set_hook(fail_next(kind, "log-"));
    ASSERT_TRUE(log.set("b"));
    log.wait_for_failure();
    EXPECT_TRUE(log.wal().failed());
    EXPECT_THAT(log.why(), HasSubstr("the simulated disk fails"));
    EXPECT_FALSE(log.set("c"));
    EXPECT_FALSE(log.wal().make_durable(2));
    EXPECT_TRUE(log.wal().make_durable(1)) << "it was before";
    EXPECT_FALSE(log.wal().wait_for_bytes(0, {}));
    EXPECT_FALSE(log.wal().begin_next_log());
    EXPECT_FALSE(log.wal().close());
    EXPECT_EQ(log.wal().durable_lsn(), 1u);
    EXPECT_EQ(log.failures(), 1);
  }
}

TEST_F(WalTest, IsNotDurableAnyMoreWhereSomebodyElseEndsItDuringTheSync) {
  Gate gate;
  OpenLog log{folder_};
  begin_sync(log, gate);
  log.wal().fail({Status::storage_failed, "no room for a snapshot"});
  gate.open();
  EXPECT_FALSE(log.wal().close()) << "the flusher has ended";
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  EXPECT_EQ(log.failures(), 1);
}

TEST_F(WalTest, SetsFreeWhoWaitsForRoomWhenItFails) {
  Gate gate;
  OpenLog log{folder_, 100};
  folder_.set_hook([hold = gate.hook(Kind::sync_file, "log-")](const auto& operation) {
    return hold(operation) || operation.kind == Kind::sync_file;
  });
  ASSERT_TRUE(log.set("first"));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.change("a", std::string(100, 'x')));
  auto waiting = std::async(std::launch::async, [&] { return log.change("b"); });
  gate.open();
  EXPECT_FALSE(waiting.get());
}

TEST_F(WalTest, GoesOnInANewFileWhichIsThereBeforeTheOldOneSaysSo) {
  OpenLog log{folder_};
  log.set_durably("a");
  std::vector<std::pair<Kind, std::string>> operations;
  folder_.set_hook([&](const auto& operation) {
    operations.emplace_back(operation.kind, operation.name);
    return false;
  });
  ASSERT_TRUE(log.change("b")) << "nobody asks for a flush: it goes into the next";
  EXPECT_EQ(*log.wal().begin_next_log(), 1u);
  ASSERT_TRUE(log.wal().make_durable(2));
  folder_.set_hook(nullptr);
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: a=v", "goes on"));
  EXPECT_THAT(groups_in(folder_, "log-2"), ElementsAre("2: b=v"));
  using testing::Pair;
  EXPECT_THAT(operations,
              ElementsAre(Pair(Kind::create, "log-2.tmp"), Pair(Kind::write, "log-2.tmp"),
                          Pair(Kind::sync_file, "log-2.tmp"), Pair(Kind::rename, "log-2"),
                          Pair(Kind::sync_folder, ""), Pair(Kind::write, "log-1.tmp"),
                          Pair(Kind::sync_file, "log-1.tmp"), Pair(Kind::write, "log-2.tmp"),
                          Pair(Kind::sync_file, "log-2.tmp")))
      << "files keep the names that they were made with";
}

TEST_F(WalTest, WaitsForALogWithChangesAndOfALength) {
  OpenLog log{folder_};
  std::stop_source stop;
  auto grown =
      std::async(std::launch::async, [&] { return log.wal().wait_for_bytes(0, stop.get_token()); });
  EXPECT_EQ(grown.wait_for(std::chrono::milliseconds{20}), std::future_status::timeout);
  log.set_durably("a");
  EXPECT_TRUE(grown.get());
  auto longer = std::async(std::launch::async,
                           [&] { return log.wal().wait_for_bytes(10'000, stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(longer.get());
}

TEST_F(WalTest, EndsInOrderWithAGroupThatSaysSo) {
  OpenLog log{folder_};
  ASSERT_TRUE(log.change("a"));
  ASSERT_TRUE(log.wal().close());
  EXPECT_THAT(groups_in(folder_), ElementsAre("1: a=v", ""));
  EXPECT_EQ(folder_.after_power_loss(1).bytes("log-1"), folder_.bytes("log-1"));
}

}  // namespace
}  // namespace kv::test
