// The snapshot: written while changes go on, worth something only with the log behind it.

#include "disk/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "captured_log.hpp"
#include "contents.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using Kind = SimulatedFolder::Kind;

class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override { memtable_.observe({&log_.wal()}); }

  void set_durably(const std::string& key, const Value& value) {
    ASSERT_TRUE(memtable_.set("t", {key, value}));
    ASSERT_TRUE(log_.wal().make_durable(log_.wal().last_lsn()));
  }

  struct Read {
    SnapshotEnd end;
    Contents rows;
  };
  Result<Read> read(const std::string& bytes) const {
    auto snapshot = read_log(bytes, snapshot_magic);
    if (!snapshot) return snapshot.error();
    MemTable memtable{any_answer()};
    const auto end = read_snapshot(
        *snapshot, [&](Lsn, auto table, const auto& changes) { memtable.replay(table, changes); });
    if (!end) return end.error();
    return Read{*end, contents_of(memtable)};
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  OpenLog log_{folder_};
  MemTable memtable_{any_answer()};
};

TEST_F(SnapshotTest, HoldsAllRowsAndTheLogGoesOnInANewFile) {
  for (int i = 0; i < 200; ++i) set_durably("key" + std::to_string(i), std::int64_t{i});
  set_durably("large", std::string(1024 * 1024, 'x'));
  const auto written = write_snapshot(folder_, memtable_, log_.wal());
  ASSERT_TRUE(written);
  EXPECT_EQ(written->base, 201u);
  EXPECT_EQ(written->last_lsn, 201u);
  EXPECT_GT(written->created, 1'600'000'000);
  std::vector<std::string> names;
  for (const auto& [name, bytes] : folder_.files()) names.push_back(name);
  EXPECT_THAT(names, UnorderedElementsAre("log-202", "snapshot")) << "log-1 is not needed any more";
  const auto found = read(folder_.bytes("snapshot"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, contents_of(memtable_));
}

TEST_F(SnapshotTest, EndsAGroupOfRowsWhenItIsLarge) {
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(memtable_.set("t", {"key" + std::to_string(i), true}));
  std::vector<std::string> keys;  // of one shard
  memtable_.visit_shard(0, [&](const Tables& tables) {
    for (const auto& [key, value] : tables.by_name.at("t")) keys.push_back(key);
  });
  ASSERT_GE(keys.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) set_durably(keys[i], std::string(600'000, 'x'));
  ASSERT_TRUE(write_snapshot(folder_, memtable_, log_.wal()));
  const auto snapshot = read_log(folder_.bytes("snapshot"), snapshot_magic);
  ASSERT_TRUE(snapshot);
  for (const auto& group : snapshot->groups) EXPECT_LT(group.header.records_bytes, 2u << 20);
}

TEST_F(SnapshotTest, HasItsNameOnlyWhenTheLogReachesItsNewestRow) {
  set_durably("k", true);
  Gate gate;
  folder_.set_hook(gate.hook(Kind::create, "snapshot"));
  std::thread writer{
      [&] { EXPECT_EQ(write_snapshot(folder_, memtable_, log_.wal())->last_lsn, 2u); }};
  gate.wait_for_somebody();
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) {
    if (operation.kind == Kind::rename) {
      EXPECT_EQ(operation.name, "snapshot");
      EXPECT_EQ(log_.wal().durable_lsn(), 2u);
    }
    return false;
  });
  ASSERT_TRUE(memtable_.set("t", {"k", std::int64_t{2}})) << "and nobody asks for a flush";
  gate.open();
  writer.join();
  const auto found = read(folder_.bytes("snapshot"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->end.base, 1u);
  EXPECT_THAT(found->rows,
              ElementsAre(Pair("t", ElementsAre(Pair("k", text_of(std::int64_t{2}))))));
}

TEST_F(SnapshotTest, RemovesTheLogOnlyWhenItIsOnTheDiskItself) {
  set_durably("k", true);
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) {
    if (operation.kind == Kind::remove) {
      EXPECT_TRUE(read(folder_.after_power_loss(7).bytes("snapshot")));
    }
    return false;
  });
  ASSERT_TRUE(write_snapshot(folder_, memtable_, log_.wal()));
  EXPECT_FALSE(folder_.files().contains("log-1"));
}

TEST_F(SnapshotTest, WithOneBitFlippedOrCutIsNone) {
  for (int i = 0; i < 5; ++i) set_durably("key" + std::to_string(i), std::int64_t{i});
  ASSERT_TRUE(write_snapshot(folder_, memtable_, log_.wal()));
  const auto bytes = folder_.bytes("snapshot");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(read(flipped)) << at;
    EXPECT_FALSE(read(bytes.substr(0, at))) << at;
  }
  EXPECT_FALSE(read(bytes + '\0'));
  EXPECT_TRUE(read(bytes));
}

TEST_F(SnapshotTest, AnEmptyOneIsWhereAFolderBegins) {
  ASSERT_TRUE(write_empty_snapshot(folder_));
  const auto found = read(folder_.after_power_loss(1).bytes("snapshot"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->end.base, 0u);
  EXPECT_EQ(found->end.last_lsn, 0u);
  EXPECT_TRUE(found->rows.empty());
}

TEST_F(SnapshotTest, GivesUpWhereTheLogHasFailed) {
  set_durably("k", true);
  folder_.set_hook(fail_next(Kind::rename, "log-2"));
  EXPECT_FALSE(write_snapshot(folder_, memtable_, log_.wal()));
  EXPECT_EQ(log_.failures(), 1);
  EXPECT_FALSE(folder_.files().contains("snapshot"));
}

}  // namespace
}  // namespace kv::test
