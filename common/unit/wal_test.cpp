// The log while all goes well: what stands in it, when it is safe, and when a segment ends.

#include "disk/wal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <latch>
#include <thread>

#include "base/fatal_error.hpp"
#include "disk/data_files.hpp"
#include "disk/manifest.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class WalTest : public testing::Test {
 protected:
  /// Counts what is done from now on, by kind, on files whose name begins like this.
  void count_operations(const std::string& name) {
    folder_.set_hook([this, name](const Operation& operation) -> std::optional<Status> {
      if (operation.name.starts_with(name)) ++counts_[static_cast<std::size_t>(operation.kind)];
      return std::nullopt;
    });
  }
  int count(Kind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

  std::vector<RecordHeader> headers() const { return headers_in(folder_.bytes(segment_name(1))); }

  SimulatedFolder folder_;
  std::array<std::atomic<int>, 6> counts_{};
};

// --- what stands in it ---

TEST_F(WalTest, GivesCommandsBackInTheirOrder) {
  OpenLog log{folder_};
  for (const auto* value : {"1", "2", "3"}) ASSERT_TRUE(log.set("key", value));
  log.set_durably("other", "4");
  EXPECT_EQ(log.wal().last_lsn(), 4u);
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: key=1", "2: key=2", "3: key=3", "4: other=4"));
}

TEST_F(WalTest, MakesOneRecordOfACommandThatChangesManyKeys) {
  OpenLog log{folder_};
  const std::array changes{Entry{"a", Value{"1"}}, Entry{"b", std::nullopt},
                           Entry{"a", Value{"2"}}};
  ASSERT_TRUE(log.wal().on_change("t", changes));
  ASSERT_TRUE(log.wal().make_durable(1));
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=1 -b a=2"));
}

TEST_F(WalTest, BeginsItsSegmentWhereTheLogBeforeEnded) {
  OpenLog log{folder_, {.end = {.lsn = 41, .chain = 4711}}};
  EXPECT_EQ(log.wal().last_lsn(), 41u);
  EXPECT_EQ(log.wal().safe_lsn(), 41u);
  EXPECT_EQ(log.wal().durable_lsn(), 41u);
  const auto header = read_segment_header(folder_.bytes(segment_name(42)));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->store, OpenLog::store_id);
  EXPECT_EQ(header->chain, 4711u);
  EXPECT_EQ(read_manifest(folder_)->newest_segment, 42u);
  log.set_durably("key");
  EXPECT_THAT(commands_in(folder_), ElementsAre("42: key=v"));
}

TEST_F(WalTest, NamesTheDurableLsnInAMarkWhenNothingElseDoes) {
  {
    OpenLog log{folder_};
    Gate sync, mark;
    folder_.set_hook(sync.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.set("a"));
    sync.wait_for_somebody();
    folder_.set_hook(mark.hook(Kind::write, "wal-"));
    sync.open();
    mark.wait_for_somebody();  // soon, and not only at the log's end
  }
  ASSERT_THAT(headers(), SizeIs(2));
  EXPECT_EQ(headers()[1].type, RecordType::mark);
  EXPECT_EQ(headers()[1].lsn, 1u);
  EXPECT_EQ(headers()[1].durable_lsn, 1u);
}

TEST_F(WalTest, NamesTheDurableLsnInTheRecordsThatFollow) {
  OpenLog log{folder_};
  log.set_durably("a");
  log.set_durably("b");
  EXPECT_EQ(headers()[0].durable_lsn, 0u);
  EXPECT_EQ(headers()[2].type, RecordType::changes);
  EXPECT_EQ(headers()[2].durable_lsn, 1u);
}

TEST_F(WalTest, GivesEachCommandOfManyThreadsALsnWithoutAGap) {
  constexpr int threads = 4, commands = 50;
  OpenLog log{folder_};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < threads; ++i) {
      writers.emplace_back([&] {
        for (int j = 0; j < commands; ++j) EXPECT_TRUE(log.set("key"));
      });
    }
  }
  EXPECT_EQ(log.wal().last_lsn(), Lsn{threads * commands});
  ASSERT_TRUE(log.wal().make_durable(threads * commands));
  EXPECT_THAT(commands_in(folder_), SizeIs(threads * commands));
}

TEST_F(WalTest, CountsTheBytesOfItsRecords) {
  OpenLog log{folder_};
  EXPECT_EQ(log.wal().appended_bytes(), 0u);
  log.set_durably("key", "value");
  log.set_durably("key", "longer value");
  EXPECT_EQ(log.wal().appended_bytes(),
            record_bytes("key", "value") + record_bytes("key", "longer value"));
}

TEST_F(WalTest, WritesWhatItHasTakenAlsoWithoutAnOrderlyEnd) {
  Gate gate;
  {
    OpenLog log{folder_, {.sync = Sync::never}};
    folder_.set_hook(gate.hook(Kind::write, "wal-"));
    ASSERT_TRUE(log.set("a"));
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    gate.open();
  }
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=v", "2: b=v"));
}

// --- when it is safe ---

TEST_F(WalTest, CallsAChangeSafeWhenItIsSynced) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("a"));
  gate.wait_for_somebody();
  EXPECT_THAT(commands_in(folder_), SizeIs(1)) << "written, and not yet safe";
  EXPECT_EQ(log.wal().safe_lsn(), 0u);
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  gate.open();
  log.wait_until_safe(1);
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
}

TEST_F(WalTest, SyncsOnceForAllThatHasGathered) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("first"));
  gate.wait_for_somebody();
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(log.set(key));
  count_operations("wal-");
  gate.open();
  ASSERT_TRUE(log.wal().make_durable(4));
  EXPECT_EQ(count(Kind::sync_file), 1);
}

TEST_F(WalTest, WritesNoMarkWhereARecordFollows) {
  {
    Gate gate;
    OpenLog log{folder_};
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.set("a"));
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    gate.open();
  }
  ASSERT_THAT(headers(), SizeIs(3));
  EXPECT_EQ(headers()[1].type, RecordType::changes);
  EXPECT_EQ(headers()[2].type, RecordType::mark);
}

TEST_F(WalTest, LeavesWhatIsToBeFlushedNowToWhoIsAtIt) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("a"));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.change("b"));
  EXPECT_FALSE(log.wal().flush_now());
  EXPECT_EQ(log.wal().safe_lsn(), 0u) << "the first is held up";
  gate.open();
  log.wait_until_safe(2);
  EXPECT_EQ(log.wal().durable_lsn(), 2u);
}

TEST_F(WalTest, FlushesWhatComesWhileAnotherThreadDoes) {
  OpenLog log{folder_, {.limits = {.segment_bytes = 65536, .reserve_bytes = 65536}}};
  for (Lsn lsn = 0; lsn < 100; lsn += 2) {  // often: how the threads meet is not in our hands
    Gate gate;
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.change("a"));
    std::jthread alone{[&] { (void)log.wal().flush_now(); }};
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    EXPECT_EQ(log.wal().safe_lsn(), lsn) << "the first is held up";
    gate.open();
    log.wait_until_safe(lsn + 2);
    ASSERT_EQ(log.wal().durable_lsn(), lsn + 2);
  }
}

TEST_F(WalTest, CallsAChangeSafeWhenItIsWrittenWhereThePolicyIsNever) {
  OpenLog log{folder_, {.sync = Sync::never}};
  count_operations("wal-");
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  EXPECT_THAT(commands_in(folder_), SizeIs(1));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  EXPECT_EQ(count(Kind::sync_file), 0);
}

TEST_F(WalTest, MakesAChangeDurableOnDemandWhateverThePolicy) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  ASSERT_TRUE(log.wal().make_durable(1));
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
  EXPECT_THAT(commands_in(folder_.after_power_loss(0)), SizeIs(1));
}

TEST_F(WalTest, SyncsOnceASecondAlsoWhenNothingMoreComes) {
  std::latch synced_again{1};
  OpenLog log{folder_, {.sync = Sync::everysec}};
  const auto begin = std::chrono::steady_clock::now();
  log.set_durably("a");
  log.wal().listeners().add([&] {
    if (log.wal().durable_lsn() == 2 && !synced_again.try_wait()) synced_again.count_down();
  });
  ASSERT_TRUE(log.set("b"));
  log.wait_until_safe(2);
  const bool synced_at_once = log.wal().durable_lsn() == 2;
  if (std::chrono::steady_clock::now() - begin < std::chrono::seconds{1}) {
    EXPECT_FALSE(synced_at_once);
  }
  synced_again.wait();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1});
}

TEST_F(WalTest, GoesOnWhileASyncLastsWhereNobodyWaitsForIt) {
  for (const auto sync : {Sync::everysec, Sync::never}) {
    Gate gate;
    OpenLog log{folder_, {.sync = sync}};
    ASSERT_TRUE(log.set("a"));
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    std::jthread durable{[&] { EXPECT_TRUE(log.wal().make_durable(1)); }};
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    log.wait_until_safe(2);
    EXPECT_EQ(log.wal().durable_lsn(), 0u);
    gate.open();
    durable.join();
    EXPECT_EQ(log.wal().durable_lsn(), 1u) << "what came meanwhile may not be on the disk";
    folder_ = SimulatedFolder{};
  }
}

TEST_F(WalTest, TellsAListenerUntilItIsRemoved) {
  std::latch told{1};
  std::atomic<int> calls = 0;
  OpenLog log{folder_};
  const auto listener = log.wal().listeners().add([&] {
    ++calls;
    if (!told.try_wait()) told.count_down();
  });
  ASSERT_TRUE(log.set("a"));
  told.wait();
  log.wal().listeners().remove(listener);
  const int before = calls;
  log.set_durably("b");
  ASSERT_TRUE(log.wal().close());
  EXPECT_EQ(calls, before);
}

TEST_F(WalTest, SaysInTheManifestThatItsEndWasOrderly) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  EXPECT_EQ(read_manifest(folder_)->clean, 0u);
  ASSERT_TRUE(log.wal().close());
  const auto manifest = read_manifest(folder_.after_power_loss(0));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->clean, 1u);
  EXPECT_EQ(manifest->clean_lsn, 1u);
  EXPECT_EQ(manifest->newest_segment, 1u);
  EXPECT_THAT(commands_in(folder_.after_power_loss(0)), SizeIs(1));
}

}  // namespace
}  // namespace kv::test
