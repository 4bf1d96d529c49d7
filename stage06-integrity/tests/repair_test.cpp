// What a start does to a folder, once it has been said what to do; and what is read later.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/manifest.hpp"
#include "disk/recovery.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Kind = SimulatedFolder::Kind;

/// The folder of a killed log with two records, and what a start would say of it: nothing to do but
/// the last segment.
class RepairTest : public testing::Test {
 protected:
  void SetUp() override {
    OpenLog log{folder_};
    log.set_durably("a");
    log.set_durably("b");
  }

  std::string name() const { return segment_name(1); }

  Recovered found() {
    Recovered found;
    found.files = *list_data_files(folder_);
    found.store = OpenLog::store_id;
    found.named_segment = 1;
    const auto bytes = folder_.bytes(name());
    found.segments.push_back(
        read_segment(bytes, *read_segment_header(bytes), [](auto, const auto&, auto) {}));
    found.end = found.segments.back().end;
    return found;
  }

  /// Behind the last record; gives where.
  std::uint64_t tear(const std::string& bytes) {
    const auto at = found().segments.back().end_offset;
    folder_.put(name(), folder_.bytes(name()).replace(at, bytes.size(), bytes));
    return at;
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
};

TEST_F(RepairTest, CutsTheLastSegmentAndKeepsWhatItHasCut) {
  const auto end = tear("torn");
  const auto valid = folder_.bytes(name()).substr(0, end);
  auto what = found();
  ASSERT_TRUE(repair_folder(folder_, what));
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const auto disk = folder_.after_power_loss(seed);
    EXPECT_EQ(disk.bytes(name()), valid);
    EXPECT_EQ(disk.bytes(torn_name({}, name(), end)), "torn");
  }
}

TEST_F(RepairTest, WritesTheLastSegmentAnewAlsoWhereNothingIsTorn) {
  auto what = found();
  bool is_new = false;
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
    is_new = is_new || (operation.kind == Kind::rename && operation.name == name());
    return std::nullopt;
  });
  ASSERT_TRUE(repair_folder(folder_, what));
  EXPECT_TRUE(is_new);
  EXPECT_EQ(folder_.bytes(name()).size(), what.segments.back().end_offset);
}

TEST_F(RepairTest, LeavesTheSegmentsOfAnOrderlyStop) {
  auto what = found();
  what.clean = true;
  const auto before = folder_.files();
  ASSERT_TRUE(repair_folder(folder_, what));
  EXPECT_EQ(folder_.files(), before);
}

TEST_F(RepairTest, RemovesTemporariesAndMovesAsideWhatIsNotUsed) {
  folder_.put("MANIFEST.tmp", "half");
  folder_.put(snapshot_name(1), "damaged");
  auto what = found();
  what.clean = true;
  what.set_aside = {snapshot_name(1)};
  ASSERT_TRUE(repair_folder(folder_, what));
  const auto files = folder_.after_power_loss(0).files();
  EXPECT_FALSE(files.contains("MANIFEST.tmp"));
  EXPECT_EQ(files.at(snapshot_name(1) + ".torn-0"), "damaged");
}

TEST_F(RepairTest, HasTheManifestNameTheSegmentBeforeThereIsAnother) {
  ASSERT_TRUE(write_manifest(folder_, {.store = OpenLog::store_id}));
  auto what = found();
  what.named_segment = 0;
  ASSERT_TRUE(repair_folder(folder_, what));
  EXPECT_EQ(read_manifest(folder_.after_power_loss(0))->newest_segment, 1u);
}

TEST_F(RepairTest, MayBeCalledAgainWhereThereWasNoRoom) {
  const auto end = tear("torn");
  auto what = found();
  folder_.set_hook(fail_next(Kind::write, name() + temporary_suffix.data(), Status::no_space));
  EXPECT_EQ(repair_folder(folder_, what).error().status, Status::no_space);
  EXPECT_FALSE(folder_.files().contains(torn_name({}, name(), end))) << "or each try kept one more";
  ASSERT_TRUE(repair_folder(folder_, what));
  EXPECT_EQ(folder_.bytes(torn_name({}, name(), end)), "torn");
}

TEST_F(RepairTest, MayBeCalledAgainWhereTheManifestHadNoRoom) {
  const auto end = tear("torn");
  auto what = found();
  what.named_segment = 0;
  folder_.set_hook(fail_next(Kind::create, "MANIFEST.tmp", Status::no_space));
  EXPECT_EQ(repair_folder(folder_, what).error().status, Status::no_space);
  ASSERT_TRUE(repair_folder(folder_, what));
  EXPECT_EQ(folder_.bytes(name()).size(), end);
  EXPECT_EQ(folder_.bytes(torn_name({}, name(), end)), "torn");
}

// --- check_unread ---

TEST_F(RepairTest, WhatASnapshotCoversIsReadLaterAndItsDamageIsTold) {
  folder_.put(segment_name(3), folder_.bytes(name()));  // it is not looked at
  auto what = found();
  what.files = *list_data_files(folder_);
  what.segments.clear();
  what.covered = {name()};
  EXPECT_THAT(check_unread(folder_, what).warnings, IsEmpty());
  auto bytes = folder_.bytes(name());
  auto& byte = bytes[sizeof(SegmentHeader) + sizeof(RecordHeader)];
  byte = static_cast<char>(byte ^ 1);
  folder_.put(name(), bytes);
  EXPECT_THAT(check_unread(folder_, what).warnings,
              ElementsAre(StartsWith(name() + " is damaged at offset 64")));
}

TEST_F(RepairTest, AnOlderSnapshotThatIsDamagedIsNamed) {
  folder_.put(snapshot_name(1), "damaged");
  auto what = found();
  what.snapshot = Snapshot{.lsn = 2};
  const auto unread = check_unread(folder_, what);
  EXPECT_THAT(unread.damaged_snapshots, ElementsAre(snapshot_name(1)));
  EXPECT_THAT(unread.warnings, ElementsAre(HasSubstr("a newer snapshot makes it unneeded")));
}

/// Its next read may go well: only what was read can be damaged.
TEST_F(RepairTest, WhatCannotBeReadIsToldAndNotNamed) {
  folder_.put(snapshot_name(1), "damaged");
  auto snapshot = found(), segment = found();
  snapshot.snapshot = Snapshot{.lsn = 2};
  folder_.put(segment_name(3), folder_.bytes(name()));  // it is not looked at
  segment.files = *list_data_files(folder_);
  segment.segments.clear();
  segment.covered = {name()};
  for (const auto& what : {snapshot, segment}) {
    for (const std::size_t read : {1u, 2u, 3u}) {  // it is opened, its size asked for, and read
      folder_.fail_read(folder_.reads() + read, false);
      const auto unread = check_unread(folder_, what);
      EXPECT_THAT(unread.damaged_snapshots, IsEmpty());
      EXPECT_THAT(unread.warnings, ElementsAre("the simulated disk fails"));
    }
  }
}

TEST_F(RepairTest, AnOlderSnapshotOfAnotherTimelineIsNamed) {
  MemTable memtable{any_answer()};
  SimulatedFolder other;
  OpenLog log{other};
  memtable.observe({&log.wal()});
  ASSERT_TRUE(memtable.set("t", {"a", Value{"another"}}));
  ASSERT_TRUE(write_snapshot(other, OpenLog::store_id, memtable, log.wal()));
  folder_.put(snapshot_name(1), other.bytes(snapshot_name(1)));
  auto what = found();
  what.snapshot = Snapshot{.lsn = 2};
  const auto unread = check_unread(folder_, what);
  EXPECT_THAT(unread.damaged_snapshots, ElementsAre(snapshot_name(1)));
  EXPECT_THAT(unread.warnings, ElementsAre(HasSubstr("two timelines")));
}

}  // namespace
}  // namespace kv::test
