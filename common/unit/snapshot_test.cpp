// A snapshot gives back exactly what was there at its LSN, and is not there before it is whole.

#include "disk/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "contents.hpp"
#include "disk/bytes.hpp"
#include "disk/data_files.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

constexpr std::uint32_t rows_type = 1;
constexpr std::size_t chunk_header_bytes = 16;

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() { memtable_.observe({&log_.wal()}); }

  void set(const std::string& key, const Value& value, const std::string& table = "t") {
    ASSERT_TRUE(memtable_.set(table, {key, value}));
  }

  Result<Snapshot> write() {
    return write_snapshot(folder_, OpenLog::store_id, memtable_, log_.wal());
  }

  /// What the snapshot of this LSN holds.
  Contents contents_at(Lsn lsn) {
    MemTable memtable{any_answer()};
    const auto file = folder_.open(snapshot_name(lsn));
    Pieces pieces{**file};
    const auto into_memtable = [&memtable](std::string_view table, std::string_view key, auto row) {
      memtable.replay(table, key, std::move(row));
    };
    EXPECT_TRUE(read_snapshot(pieces, OpenLog::store_id, lsn, into_memtable));
    return contents_of(memtable);
  }

  /// How long the payloads of the chunks of rows are.
  std::vector<std::size_t> chunk_lengths(Lsn lsn) const {
    const auto bytes = folder_.bytes(snapshot_name(lsn));
    std::vector<std::size_t> lengths;
    for (auto at = sizeof(SnapshotHeader); at < bytes.size();) {
      const std::size_t length = load<std::uint32_t>(bytes, at + 8);
      if (load<std::uint32_t>(bytes, at + 12) == rows_type) lengths.push_back(length);
      at += chunk_header_bytes + length;
    }
    return lengths;
  }

  /// Two keys of one letter or two that fall to the same shard.
  std::pair<std::string, std::string> keys_of_one_shard() const {
    MemTable memtable{any_answer()};
    for (int i = 10; i < 100; ++i) EXPECT_TRUE(memtable.set("t", {std::to_string(i), "v"}));
    std::vector<std::string> keys;
    for (std::size_t shard = 0; keys.size() < 2; ++shard) {
      keys.clear();
      memtable.visit_shard(shard, [&](const Tables& tables) {
        for (int i = 10; i < 100; ++i)
          if (tables.find("t", std::to_string(i))) keys.push_back(std::to_string(i));
      });
    }
    return {keys[0], keys[1]};
  }

  SimulatedFolder folder_;
  MemTable memtable_{any_answer()};
  OpenLog log_{folder_, {.sync = Sync::never}};
};

TEST_F(SnapshotTest, GivesBackValuesOfAllKinds) {
  set("text", "a text");
  set("empty", "");
  set("binary", Binary{std::string("\0\xff\0", 3)});
  set("integer", std::numeric_limits<std::int64_t>::min());
  set("float", std::numeric_limits<double>::quiet_NaN());
  set("true", true, "bools");
  set("false", false, "bools");
  set(std::string(1024, 'k'), std::string(1024 * 1024, 'v'), std::string(1024, 't'));
  const auto written = write();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->lsn, 8u);
  EXPECT_EQ(written->rows, 8u);
  EXPECT_EQ(contents_at(8), contents_of(memtable_));
}

TEST_F(SnapshotTest, OfNothingIsAHeaderAndAFooter) {
  ASSERT_TRUE(write());
  EXPECT_THAT(contents_at(0), IsEmpty());
  EXPECT_EQ(folder_.bytes(snapshot_name(0)).size(), sizeof(SnapshotHeader) + 16u + 24u);
}

TEST_F(SnapshotTest, HasTheChangesThatWereMadeMeanwhile) {
  for (int i = 0; i < 100; ++i) set(std::to_string(i), "before");
  bool changed = false;
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.name == snapshot_temporary_name && operation.kind == Kind::write && !changed) {
      changed = true;  // the first shard has been copied, the others have not
      for (int i = 0; i < 100; i += 2) set(std::to_string(i), "meanwhile");
      for (int i = 0; i < 100; i += 5) EXPECT_TRUE(memtable_.del("t", std::to_string(i)));
    }
    return std::nullopt;
  });
  ASSERT_TRUE(write());
  folder_.set_hook(nullptr);
  EXPECT_EQ(log_.wal().last_lsn(), 170u);
  EXPECT_EQ(contents_at(170), contents_of(memtable_));
}

TEST_F(SnapshotTest, HasItsNameOnlyWhenTheLogIsDurableUpToItsLsn) {
  set("key", "value");
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.kind == Kind::rename && snapshot_lsn(operation.name)) {
      EXPECT_EQ(operation.name, snapshot_name(1));
      EXPECT_EQ(log_.wal().durable_lsn(), 1u);
    }
    return std::nullopt;
  });
  ASSERT_TRUE(write());
}

TEST_F(SnapshotTest, IsThereAfterAPowerLossOnceItHasBeenWritten) {
  set("key", "value");
  ASSERT_TRUE(write());
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto found = folder_.after_power_loss(seed).files();
    ASSERT_TRUE(found.contains(snapshot_name(1)));
    EXPECT_EQ(found.at(snapshot_name(1)), folder_.bytes(snapshot_name(1)));
  }
}

TEST_F(SnapshotTest, IsNotThereWhenAnErrorComesBeforeItHasItsName) {
  set("key", "value");
  ASSERT_TRUE(log_.wal().make_durable(1));
  for (const auto kind : {Kind::create, Kind::write, Kind::sync_file, Kind::rename}) {
    folder_.set_hook(fail_next(kind, "snapshot", Status::no_space));
    const auto failed = write();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().status, Status::no_space);
    EXPECT_FALSE(folder_.files().contains(snapshot_name(1)));
  }
  EXPECT_TRUE(write());
  EXPECT_EQ(contents_at(1), contents_of(memtable_));
}

TEST_F(SnapshotTest, IsNotFinishedWhenItIsToldToStop) {
  for (int i = 0; i < 100; ++i) set(std::to_string(i), "value");
  for (const std::size_t last : {std::size_t{1}, MemTable::shard_count}) {  // a shard, or the log
    std::stop_source stop;
    std::size_t writes = 0;
    folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
      if (operation.kind == Kind::write && operation.name == snapshot_temporary_name &&
          ++writes == last) {
        stop.request_stop();
        set("key", "value");  // so that there is something in the log to copy
      }
      return std::nullopt;
    });
    const auto stopped =
        write_snapshot(folder_, OpenLog::store_id, memtable_, log_.wal(), stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().message, "the server ends");
    EXPECT_EQ(writes, last);
  }
  for (const auto& [name, bytes] : folder_.files()) EXPECT_FALSE(snapshot_lsn(name)) << name;
}

TEST_F(SnapshotTest, IsSyncedWheneverFourMiBHaveBeenWritten) {
  constexpr std::size_t mib = 1024 * 1024;
  for (int i = 0; i < 7; ++i) set(std::to_string(i), std::string(mib, 'v'));
  std::size_t synced_bytes = 0, unsynced_bytes_most = 0, syncs = 0;
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.name != snapshot_temporary_name || operation.kind == Kind::create) return {};
    const auto bytes = folder_.bytes(snapshot_temporary_name).size();
    unsynced_bytes_most = std::max(unsynced_bytes_most, bytes - synced_bytes);
    if (operation.kind != Kind::sync_file) return {};
    synced_bytes = bytes;
    ++syncs;
    return {};
  });
  ASSERT_TRUE(write());
  EXPECT_LT(unsynced_bytes_most, 4 * mib + 4 * mib) << "what is there, and what one shard adds";
  EXPECT_EQ(syncs, 2u) << "one in between, one at the end";
}

TEST_F(SnapshotTest, EndsAChunkWithTheRowThatFillsIt) {
  const auto [one, other] = keys_of_one_shard();
  constexpr std::size_t chunk_bytes = 64 * 1024, table_bytes = 3, row_bytes = 7 + 2;
  for (const auto& key : {one, other})
    set(key, std::string(chunk_bytes - table_bytes - row_bytes, 'v'));
  ASSERT_TRUE(write());
  EXPECT_THAT(chunk_lengths(2), ElementsAre(chunk_bytes, chunk_bytes));
  for (const auto& key : {one, other})
    set(key, std::string(chunk_bytes - table_bytes - row_bytes - 1, 'v'));
  ASSERT_TRUE(write());
  EXPECT_THAT(chunk_lengths(4), ElementsAre(2 * (chunk_bytes - 1) - table_bytes));
  EXPECT_EQ(contents_at(4), contents_of(memtable_));
}

TEST(SnapshotName, IsItsLsnInTwentyDigits) {
  EXPECT_EQ(snapshot_name(42), "snapshot-00000000000000000042.kv");
  EXPECT_EQ(snapshot_lsn(snapshot_name(~Lsn{0})), ~Lsn{0});
  for (const char* other :
       {"snapshot-1.kv", "snapshot.tmp", "snapshot-00000000000000000042.kv.torn-0",
        "snapshot-0000000000000000004x.kv", "snapshot-18446744073709551616.kv", "MANIFEST"}) {
    EXPECT_EQ(snapshot_lsn(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace kv::test
