// What a start does: the first one, one after an orderly stop, and one after a kill; and the
// orderly stop.

#include "disk/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <limits>
#include <new>
#include <variant>

#include "base/fatal_error.hpp"
#include "disk/data_files.hpp"
#include "disk/inspect.hpp"
#include "disk/manifest.hpp"
#include "disk/snapshot_format.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class StoreTest : public testing::Test {
 protected:
  /// A store that has set these keys, each to itself.
  void run_store(const std::vector<std::string>& keys, bool orderly) {
    OpenStore store{folder_};
    for (const auto& key : keys) store.set_durably(key, key);
    if (orderly) {
      ASSERT_TRUE(store.store().close());
    }
  }

  void refuse_all(Kind kind, const std::string& name, Status status) {
    folder_.set_hook([=](const Operation& operation) {
      const bool refused = operation.kind == kind && operation.name.starts_with(name);
      return refused ? std::optional{status} : std::nullopt;
    });
  }

  void run_store_without_room() {
    OpenStore store{folder_};
    EXPECT_FALSE(store.set("refused", "value"));
    EXPECT_TRUE(store.store().close());
  }

  /// What is logged by a start.
  std::string log_of_a_start() {
    const CapturedLog captured;
    { const OpenStore store{folder_}; }
    return captured.text();
  }

  /// The names that files get from now on, in order.
  void watch_renames() {
    folder_.set_hook([this](const Operation& operation) -> std::optional<Status> {
      if (operation.kind == Kind::rename) renames_.push_back(operation.name);
      return std::nullopt;
    });
  }

  Segment segment(Lsn first_lsn) const {
    const auto bytes = folder_.bytes(segment_name(first_lsn));
    return read_segment(bytes, *read_segment_header(bytes), [](auto, const auto&, auto) {});
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  std::vector<std::string> renames_;
};

// --- the first start ---

TEST_F(StoreTest, TheFirstStartMakesAManifestASegmentAndTheManifestThatNamesIt) {
  watch_renames();
  const OpenStore store{folder_};
  EXPECT_THAT(renames_, ElementsAre(manifest_name, segment_name(1), manifest_name));
  EXPECT_EQ(read_manifest(folder_)->newest_segment, 1u);
  EXPECT_EQ(segment(1).header.store, read_manifest(folder_)->store);
  EXPECT_EQ(folder_.after_power_loss(0).files(), folder_.files());
}

TEST_F(StoreTest, TheFirstStartSaysSo) {
  EXPECT_THAT(log_of_a_start(), HasSubstr("a new store"));
  EXPECT_THAT(log_of_a_start(), Not(HasSubstr("a new store")));
}

TEST_F(StoreTest, TheFirstStartSaysWhenOtherFilesWereThereAlready) {
  folder_.put("other", "text");
  folder_.put("MANIFEST.tmp", "of a start that was cut short");
  EXPECT_THAT(log_of_a_start(), HasSubstr("a new store in simulated, where 1 other file was"));
}

TEST_F(StoreTest, TheFirstStartRemovesWhatWasNotWholeAndLeavesFilesOfOthersAlone) {
  folder_.put("MANIFEST.tmp", "of a start that was cut short");
  folder_.put("thesis.tmp", "theirs");
  const OpenStore store{folder_};
  EXPECT_THAT(store.contents(), IsEmpty());
  EXPECT_FALSE(folder_.files().contains("MANIFEST.tmp"));
  EXPECT_EQ(folder_.bytes("thesis.tmp"), "theirs");
}

TEST_F(StoreTest, WhereOneMustExistNoneIsBegun) {
  const Store::Settings settings{.must_exist = true, .limits = tiny_limits};
  folder_.put("other", "text");
  folder_.put("MANIFEST.tmp", "of a start that was cut short");
  const auto before = folder_.files();
  EXPECT_THROW(OpenStore(folder_, settings), FatalError);
  EXPECT_EQ(folder_.files(), before);
  run_store({"a"}, false);
  EXPECT_FALSE(OpenStore(folder_, settings).contents().empty());
}

TEST_F(StoreTest, EachStoreHasAnIdOfItsOwnAndKeepsIt) {
  SimulatedFolder other;
  run_store({}, true);
  const auto id = read_manifest(folder_)->store;
  run_store({"key"}, false);
  EXPECT_EQ(read_manifest(folder_)->store, id);
  const OpenStore store{other};
  EXPECT_NE(read_manifest(other)->store, id);
}

// --- after an orderly stop ---

TEST_F(StoreTest, AfterAnOrderlyStopAStartLeavesTheOldSegmentAlone) {
  run_store({"a", "b"}, true);
  const auto before = folder_.bytes(segment_name(1));
  watch_renames();
  EXPECT_THAT(log_of_a_start(), AllOf(HasSubstr("2 records"), HasSubstr("last LSN 2, clean stop")));
  EXPECT_THAT(renames_, ElementsAre(segment_name(3), manifest_name));
  EXPECT_EQ(folder_.bytes(segment_name(1)), before);
}

TEST_F(StoreTest, AStopThatWasFollowedByCommandsIsNoLongerOrderly) {
  run_store({"a"}, true);
  run_store({"b"}, false);
  EXPECT_THAT(log_of_a_start(), HasSubstr("last LSN 2, unclean stop"));
}

TEST_F(StoreTest, AnOrderlyStopOnAFullDiskIsOneWithAWarning) {
  {
    OpenStore store{folder_};
    store.set_durably("key", "value");
    folder_.set_hook(fail_next(Kind::create, manifest_name, Status::no_space));
    const CapturedLog captured;
    EXPECT_TRUE(store.store().close());
    EXPECT_THAT(captured.text(), HasSubstr("the next start reads it as after a crash"));
  }
  EXPECT_THAT(log_of_a_start(), HasSubstr("1 records, 0 torn bytes, last LSN 1, unclean stop"));
}

/// The new segment has the name of the old one, which has no records.
TEST_F(StoreTest, AStartThatFailsOnAFullDiskAfterAStartWithoutCommandsHarmsNoLaterOne) {
  run_store({"a"}, true);
  run_store({}, true);
  refuse_all(Kind::create, manifest_name, Status::no_space);
  run_store_without_room();
  folder_.set_hook(nullptr);
  run_store({"b"}, true);
  EXPECT_EQ(look(folder_).at("t").size(), 2u);
}

/// One read fails, if there is one before the manifest: whether a segment is there must not hang on
/// that.
TEST_F(StoreTest, AStartThatCanHardlyReadAndHasNoRoomLeavesTheSegmentThatItHasFound) {
  run_store({"a"}, true);
  run_store({}, true);
  folder_.set_hook([this](const Operation& operation) -> std::optional<Status> {
    if (operation.kind == Kind::sync_file && operation.name == next_segment_name)
      folder_.fail_read(folder_.reads() + 1, false);
    if (operation.kind != Kind::create || operation.name != "MANIFEST.tmp") return std::nullopt;
    folder_.fail_read(0, false);
    return Status::overloaded;
  });
  run_store_without_room();
  EXPECT_EQ(look(folder_).at("t").size(), 1u);
}

TEST_F(StoreTest, AnOrderlyStopWithoutTheSyncIsNone) {
  OpenStore store{folder_, {.sync = Sync::never, .limits = tiny_limits}};
  ASSERT_TRUE(store.set("key", "value"));
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  const auto closed = store.store().close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().status, Status::storage_failed);
}

// --- after a kill ---

TEST_F(StoreTest, AfterAKillTheValidPartOfTheLastSegmentIsWrittenAnew) {
  run_store({"a", "b"}, false);
  const auto before = folder_.bytes(segment_name(1));
  const auto end = segment(1).end_offset;
  ASSERT_LT(end, before.size());
  watch_renames();
  EXPECT_THAT(log_of_a_start(), HasSubstr("last LSN 2, unclean stop"));
  EXPECT_THAT(renames_, ElementsAre(segment_name(1), segment_name(3), manifest_name));
  EXPECT_EQ(folder_.bytes(segment_name(1)), before.substr(0, end));
  EXPECT_EQ(folder_.after_power_loss(0).files(), folder_.files());
}

/// The bytes of a record that the power loss has left half of.
TEST_F(StoreTest, TornBytesAreKeptBesideTheLog) {
  run_store({"a", std::string(1500, 'b')}, false);
  const auto whole = folder_.bytes(segment_name(1));
  const auto second = sizeof(SegmentHeader) + record_bytes("a", "a") + sizeof(RecordHeader);
  const auto torn = whole.substr(second, 700);
  folder_.put(segment_name(1), whole.substr(0, second) + torn + std::string(2000, '\0'));
  const auto name = segment_name(1) + ".torn-" + std::to_string(second);
  EXPECT_THAT(log_of_a_start(), AllOf(HasSubstr("[warning] recovered: "),
                                      HasSubstr("700 torn bytes (in " + name + "), last LSN 1")));
  EXPECT_EQ(folder_.bytes(name), torn);
  EXPECT_EQ(folder_.bytes(segment_name(1)), whole.substr(0, second));
  EXPECT_THAT(log_of_a_start(),
              AllOf(HasSubstr("[info] recovered: "), HasSubstr(" 0 torn bytes, last LSN 1")));
}

TEST_F(StoreTest, TornBytesAreKeptBesideThoseThatWereTornThereBefore) {
  const auto name = segment_name(1) + ".torn-64";
  for (const std::string torn : {"1a", "2b", "3c"}) {
    run_store({}, false);
    auto bytes = folder_.bytes(segment_name(1));
    bytes.replace(sizeof(SegmentHeader), torn.size(), torn);
    folder_.put(segment_name(1), bytes);
    EXPECT_THAT(log_of_a_start(), HasSubstr(torn == "1a"   ? name + ")"
                                            : torn == "2b" ? name + ".2)"
                                                           : name + ".3)"));
  }
  EXPECT_EQ(folder_.bytes(name), "1a");
  EXPECT_EQ(folder_.bytes(name + ".2"), "2b");
  EXPECT_EQ(folder_.bytes(name + ".3"), "3c");
}

TEST_F(StoreTest, TheNumberOfARecordThatWasTornIsGivenAgain) {
  run_store({"a", "b"}, false);
  const auto second = sizeof(SegmentHeader) + record_bytes("a", "a") + sizeof(RecordHeader);
  folder_.put(segment_name(1), folder_.bytes(segment_name(1)).substr(0, second));
  run_store({"c"}, false);
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=a", "2: c=c"));
}

TEST_F(StoreTest, WhatARecoveryHasReadIsNotLoggedAgain) {
  run_store({"a", "b"}, false);
  const OpenStore store{folder_};
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=a", "2: b=b"));
  EXPECT_EQ(store.contents().at("t").size(), 2u);
}

TEST_F(StoreTest, FilesThatWereNotWholeAreRemoved) {
  run_store({"a"}, true);
  folder_.put(snapshot_temporary_name, "half");
  folder_.put(segment_name(2) + ".tmp", "half");
  (void)log_of_a_start();
  for (const auto& [name, bytes] : folder_.files()) EXPECT_THAT(name, Not(HasSubstr(".tmp")));
}

TEST_F(StoreTest, AFolderThatCannotBeRepairedIsNoStartAndIsLeftAsItWas) {
  run_store({"a"}, false);
  const auto before = folder_.files();
  folder_.set_hook(fail_next(Kind::write, segment_name(1), Status::storage_failed));
  try {
    const OpenStore store{folder_};
    FAIL() << "the store was opened";
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
  }
  EXPECT_EQ(folder_.files(), before);
}

// --- no room ---

TEST_F(StoreTest, AFirstStartWithoutRoomIsNoneAndLeavesNothingBehind) {
  for (const std::size_t bytes : {0u, 100u, 500u, 1100u}) {
    folder_ = SimulatedFolder{};
    folder_.set_capacity(bytes);
    EXPECT_THROW(OpenStore{folder_}, FatalError) << bytes;
    EXPECT_THAT(folder_.files(), IsEmpty()) << bytes;
  }
}

TEST_F(StoreTest, ACommandWithoutRoomIsRefusedAndChangesNothing) {
  OpenStore store{folder_};
  store.set_durably("key", "old");
  std::size_t used_bytes = 0;
  for (const auto& [name, bytes] : folder_.files()) used_bytes += bytes.size();
  folder_.set_capacity(used_bytes);
  const auto before = store.contents();
  const auto refused = store.set("key", std::string(2000, 'n'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, Status::no_space);
  EXPECT_EQ(store.contents(), before);
  store.set_durably("small", "fits");
}

/// Whatever of the start it is that has no room, or no descriptor, or no memory.
TEST_F(StoreTest, AStartWithoutRoomServesReadsAndRefusesWritesUntilThereIs) {
  const std::pair<Kind, std::string> steps[] = {{Kind::create, segment_name(1) + ".tmp"},
                                                {Kind::write, segment_name(1)},
                                                {Kind::create, next_segment_name},
                                                {Kind::write, next_segment_name},
                                                {Kind::create, "MANIFEST.tmp"}};
  for (const auto& [kind, name] : steps) {
    for (const auto status : {Status::no_space, Status::overloaded}) {
      folder_ = SimulatedFolder{};
      run_store({"a", "b"}, false);
      const auto before = folder_.files();
      refuse_all(kind, name, status);
      OpenStore store{folder_};
      EXPECT_EQ(store.contents().at("t").size(), 2u);
      const auto refused = store.set("c", "c");
      ASSERT_FALSE(refused) << name;
      EXPECT_EQ(refused.error().status, status);
      EXPECT_EQ(store.contents().at("t").size(), 2u);
      EXPECT_EQ(folder_.files().size(), before.size()) << name;
      folder_.set_hook(nullptr);
      store.set_durably("c", "c");
      EXPECT_EQ(recover(folder_.after_power_loss(0)), store.contents());
    }
  }
}

/// Else the log would go on from a segment that nobody has cut.
TEST_F(StoreTest, WhatAStartHadNoRoomToRepairIsRepairedWhenThereIs) {
  run_store({"a"}, false);
  const auto end = segment(1).end_offset;
  folder_.put(segment_name(1), folder_.bytes(segment_name(1)).replace(end, 2, "1a"));
  refuse_all(Kind::create, "", Status::no_space);
  OpenStore store{folder_};
  folder_.set_hook(nullptr);
  store.set_durably("b", "b");
  EXPECT_EQ(folder_.bytes(segment_name(1)).size(), end);
  EXPECT_EQ(folder_.bytes(segment_name(1) + ".torn-" + std::to_string(end)), "1a");
}

TEST_F(StoreTest, AStoreThatNeverHadRoomStopsInOrderAndLeavesTheFolderAsItWas) {
  run_store({"a", "b"}, false);
  const auto before = folder_.files();
  refuse_all(Kind::create, "", Status::no_space);
  run_store_without_room();
  EXPECT_EQ(folder_.files(), before);
}

TEST_F(StoreTest, StartsWithoutRoomForTheRepairKeepNoCopiesOfATornEnd) {
  run_store({"a", "b"}, false);
  const auto whole = folder_.bytes(segment_name(1));
  folder_.put(segment_name(1), whole.substr(0, segment(1).end_offset - 5));
  const auto before = folder_.files();
  for (const auto status : {Status::no_space, Status::overloaded}) {
    for (int i = 0; i < 3; ++i) {
      refuse_all(Kind::create, segment_name(1) + ".tmp", status);
      run_store_without_room();
      EXPECT_EQ(folder_.files(), before);
    }
  }
  folder_.set_hook(nullptr);
  EXPECT_THAT(log_of_a_start(), HasSubstr("torn bytes (in " + segment_name(1) + ".torn-"));
  EXPECT_EQ(folder_.files().size(), before.size() + 2) << "the torn end, and the next segment";
}

/// What is read at a start may be in the cache alone.
TEST_F(StoreTest, AStartWithoutRoomHasOnTheDiskWhatItServes) {
  {
    OpenStore store{folder_, {.sync = Sync::never, .limits = tiny_limits}};
    ASSERT_TRUE(store.set("a", "a"));
    flush_here(store.wal());
  }
  refuse_all(Kind::create, "", Status::no_space);
  OpenStore store{folder_};
  ASSERT_EQ(store.contents().at("t").size(), 1u);
  EXPECT_EQ(look(folder_.after_power_loss(0)), store.contents());
}

// --- snapshots ---

TEST_F(StoreTest, AStartWithASnapshotReadsOnlyWhatTheLogHasMore) {
  std::int64_t created = 0;
  {
    OpenStore store{folder_};
    store.set_durably("a", "1");
    const auto written =
        write_snapshot(folder_, read_manifest(folder_)->store, store.memtable(), store.wal());
    ASSERT_TRUE(written);
    created = written->created;
    store.set_durably("a", "2");
  }
  const OpenStore store{folder_};
  EXPECT_EQ(store.contents(), (Contents{{"t", {{"a", "0:2"}}}}));
  EXPECT_THAT(log_of_a_start(), HasSubstr("recovered: " + snapshot_name(1)));
  OpenStore again{folder_};
  EXPECT_EQ(again.store().snapshot_created(), created);
}

/// Else the log before it would be removed, as if there were a way back.
TEST_F(StoreTest, ADamagedOlderSnapshotIsSetAside) {
  {
    OpenStore store{folder_};
    const auto id = read_manifest(folder_)->store;
    for (const std::string key : {"a", "b"}) {
      store.set_durably(key, key);
      ASSERT_TRUE(write_snapshot(folder_, id, store.memtable(), store.wal()));
    }
  }
  auto bytes = folder_.bytes(snapshot_name(1));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.put(snapshot_name(1), bytes);
  Gate gate;
  folder_.set_hook(gate.hook(Kind::rename, snapshot_name(1) + ".torn-0"));
  OpenStore store{folder_};
  gate.wait_for_somebody();
  gate.open();
  ASSERT_TRUE(store.store().close());
  EXPECT_EQ(folder_.bytes(snapshot_name(1) + ".torn-0"), bytes);
}

/// The newer one is damaged, and keeps its name as long as there is no room for the repair.
TEST_F(StoreTest, WhileTheRepairWaitsForRoomNothingIsRemovedThatAnotherSnapshotMakesUnneeded) {
  {
    OpenStore store{folder_};
    const auto id = read_manifest(folder_)->store;
    for (const std::string key : {"a", "b", "c"}) {
      store.set_durably(key, std::string(3000, 'v'));  // each in a segment of its own
      if (key == "c") break;
      ASSERT_TRUE(write_snapshot(folder_, id, store.memtable(), store.wal()));
    }
    store.wal().wait_for_manifest();
  }
  folder_.put(snapshot_name(2), folder_.bytes(snapshot_name(2)).substr(1));
  const auto before = folder_.files();
  Gate gate;
  folder_.set_hook([wait = gate.hook(Kind::rename, snapshot_name(3))](const Operation& operation) {
    const bool repairs = operation.name == snapshot_name(2) + ".torn-0";
    return repairs ? std::optional{Status::no_space} : wait(operation);
  });
  OpenStore store{folder_, {.snapshot_every = 1, .limits = tiny_limits}};
  gate.wait_for_somebody();
  gate.open();
  ASSERT_TRUE(store.store().close());
  EXPECT_TRUE(folder_.files().contains(snapshot_name(3)));
  for (const auto& [name, bytes] : before) EXPECT_TRUE(folder_.files().contains(name)) << name;
}

/// The clock of whoever made it may have shown anything.
TEST_F(StoreTest, TheAgeOfASnapshotIsNeverMoreThanTheClockNorLessThanNothing) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const auto created : {Limits::min(), Limits::max()}) {
    SnapshotHeader header{.created = created};
    header.checksum = header_checksum(header);
    const Footer footer{.lsn = 1};
    ChunkHeader chunk{.length = sizeof(footer), .type = footer_type};
    chunk.checksum = chunk_checksum(chunk, bytes_of(footer), header.checksum);
    std::string bytes{bytes_of(header)};
    folder_ = SimulatedFolder{};
    folder_.put(snapshot_name(1), bytes.append(bytes_of(chunk)).append(bytes_of(footer)));
    OpenStore store{folder_, {.truncate = true, .limits = tiny_limits}};
    const auto age = store.store().info().back();
    ASSERT_EQ(age.key, "snapshot_age");
    EXPECT_EQ(std::get<std::int64_t>(*age.value) > 0, created < 0);
  }
}

/// Its checksums are right: no accident makes that.
TEST_F(StoreTest, ARecordThatMakesNoSenseIsNoStart) {
  run_store({}, true);
  auto bytes = folder_.bytes(segment_name(1));
  const auto header = *read_segment_header(bytes);
  std::string record;
  (void)append_record(record, {.lsn = 1}, "\xff\xff", 0, segment_seed(header), sizeof(header));
  folder_.put(segment_name(1), bytes.replace(sizeof(header), record.size(), record));
  EXPECT_THROW(OpenStore{folder_}, FatalError);
  EXPECT_THAT(refusal(folder_), AllOf(HasSubstr(segment_name(1) + " is damaged at offset 64"),
                                      HasSubstr("makes no sense")));
  std::ostringstream out;
  EXPECT_THROW(inspect_folder(folder_, false, out), FatalError);
}

TEST_F(StoreTest, WithoutMemoryForALookAtOlderSnapshotsItServesAndSaysSo) {
  for (const Lsn lsn : {Lsn{1}, Lsn{2}}) {
    OpenStore store{folder_};
    store.set_durably("a", "a");
    ASSERT_TRUE(
        write_snapshot(folder_, read_manifest(folder_)->store, store.memtable(), store.wal()))
        << lsn;
  }
  folder_.put(snapshot_name(1), "damaged");
  std::latch looked{1};
  folder_.set_hook([&looked](const Operation& operation) -> std::optional<Status> {
    if (!operation.name.starts_with(snapshot_name(1))) return std::nullopt;
    if (!looked.try_wait()) looked.count_down();
    throw std::bad_alloc{};
  });
  const CapturedLog captured;
  {
    const OpenStore store{folder_};
    looked.wait();
  }
  EXPECT_THAT(captured.text(), HasSubstr("no memory is left to check older snapshots"));
}

TEST_F(StoreTest, WritesASnapshotOfALogThatHasGrownInSeveralStarts) {
  constexpr std::uint64_t file_bytes_min = 4096;  // each start makes a file
  for (const bool last : {false, false, true}) {
    Gate gate;
    folder_.set_hook(gate.hook(Kind::rename, "snapshot-"));
    OpenStore store{folder_, {.snapshot_every = 2 * file_bytes_min + record_bytes("key", "value")}};
    store.set_durably("key", "value");
    if (last) gate.wait_for_somebody();
    EXPECT_EQ(folder_.files().contains("snapshot.tmp"), last);
    gate.open();
  }
}

TEST_F(StoreTest, WritesSnapshotsAsItIsTold) {
  Gate gate;
  folder_.set_hook(gate.hook(Kind::rename, "snapshot-"));
  OpenStore store{folder_, {.snapshot_every = 100, .limits = tiny_limits}};
  EXPECT_EQ(store.store().snapshot_created(), 0);
  store.set_durably("a", std::string(100, 'v'));
  gate.wait_for_somebody();
  gate.open();
  ASSERT_TRUE(store.store().close());
  EXPECT_TRUE(folder_.files().contains(snapshot_name(1)));
}

}  // namespace
}  // namespace kv::test
