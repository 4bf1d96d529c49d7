// What a start makes of a data folder in which something is missing, damaged, or there too much.

#include "disk/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>

#include "base/fatal_error.hpp"
#include "captured_log.hpp"
#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/manifest.hpp"
#include "disk/snapshotter.hpp"
#include "recovered_log.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

/// What is there after a start.
Contents start(const SimulatedFolder& folder, bool truncate = false) {
  return RecoveredLog{folder, truncate}.contents();
}

/// A folder of a killed store: LSN 1 to 20, six to a segment; key "key" has the LSN as its value.
/// Snapshots after LSN 8 and 14 were made, and are kept aside.
class Folders : public testing::Test {
 protected:
  static constexpr Wal::Limits limits{.segment_bytes = 700, .reserve_bytes = 652};

  void SetUp() override {
    OpenLog log{folder_, {.limits = limits}};
    MemTable memtable{any_answer()};
    memtable.observe({&log.wal()});
    for (std::int64_t lsn = 1; lsn <= 20; ++lsn) {
      ASSERT_TRUE(memtable.set("t", {"key", lsn}));
      ASSERT_TRUE(log.wal().make_durable(log.wal().last_lsn()));
      states_.push_back(contents_of(memtable));
      if (lsn == 8) older_ = snapshot(memtable, log.wal());
      if (lsn == 14) newer_ = snapshot(memtable, log.wal());
    }
    log.wal().wait_for_manifest();  // or it may not name the newest segment yet
    for (const auto& [name, bytes] : folder_.files()) {
      if (segment_first_lsn(name)) segments_.push_back(name);
    }
    ASSERT_GE(segments_.size(), 3u);
  }

  /// Name and bytes of a snapshot that is taken away again.
  std::pair<std::string, std::string> snapshot(const MemTable& memtable, Wal& wal) {
    const auto written = write_snapshot(folder_, OpenLog::store_id, memtable, wal);
    const auto name = snapshot_name(written->lsn), bytes = folder_.bytes(name);
    folder_.erase(name);
    return {name, bytes};
  }

  /// A copy that was made of the older snapshot, and has gone its own way up to this LSN, at which
  /// it has a snapshot.
  SimulatedFolder copy_up_to(std::int64_t last) const {
    SimulatedFolder copy;
    copy.put(older_.first, older_.second);
    RecoveredLog log{copy, true, limits};
    for (std::int64_t lsn = 9; lsn <= last; ++lsn) log.set_durably("key", -lsn);
    EXPECT_TRUE(write_snapshot(copy, OpenLog::store_id, log.memtable(), log.wal()));
    return copy;
  }

  void put(const std::pair<std::string, std::string>& file) {
    folder_.put(file.first, file.second);
  }

  Recovered read(bool truncate = false) { return read_folder(folder_, truncate); }

  std::string refused(bool truncate = false) {
    const auto before = folder_.files();
    auto text = refusal(folder_, truncate);
    EXPECT_EQ(folder_.files(), before);
    return text;
  }

  Lsn first_lsn(std::size_t segment) const { return *segment_first_lsn(segments_[segment]); }

  /// In the middle of the segment's second record.
  void damage(const std::string& name) {
    auto bytes = folder_.bytes(name);
    auto& byte = bytes[sizeof(SegmentHeader) + 130];
    byte = static_cast<char>(byte ^ 1);
    folder_.put(name, bytes);
  }

  void change_manifest(const std::function<void(Manifest&)>& change) {
    auto manifest = load<Manifest>(folder_.bytes(manifest_name));
    change(manifest);
    manifest.checksum = checksum(bytes_of(manifest).substr(0, offsetof(Manifest, checksum)), 0);
    folder_.put(manifest_name, std::string{bytes_of(manifest)});
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  std::vector<Contents> states_{{}};   // by LSN
  std::vector<std::string> segments_;  // their names
  std::pair<std::string, std::string> older_, newer_;
};

TEST_F(Folders, ThatAreWholeAreTakenAndNotTouched) {
  const auto operations = folder_.operations();
  const auto found = read();
  EXPECT_EQ(found.end.lsn, 20u);
  EXPECT_FALSE(found.clean);
  EXPECT_THAT(found.warnings, IsEmpty());
  EXPECT_EQ(look(folder_), states_[20]);
  EXPECT_EQ(folder_.operations(), operations);
}

TEST_F(Folders, WithoutAnythingButTemporariesAreNew) {
  SimulatedFolder empty;
  EXPECT_TRUE(read_folder(empty, false).is_new);
  empty.put("MANIFEST.tmp", "half");
  const auto found = read_folder(empty, false);
  EXPECT_TRUE(found.is_new);
  EXPECT_THAT(found.files.temporaries, ElementsAre("MANIFEST.tmp"));
}

TEST_F(Folders, WithFilesOfOthersLeaveThemAlone) {
  const std::vector<std::string> others{"thesis.tmp",        "wal-1.log.tmp",
                                        "snapshot-1.kv.tmp", ".tmp",
                                        "MANIFEST.bak",      "wal-00000000000000000001.log.old"};
  SimulatedFolder empty;
  for (auto* folder : {&folder_, &empty})
    for (const auto& name : others) folder->put(name, "theirs");
  (void)start(folder_);
  for (const auto& name : others) EXPECT_TRUE(folder_.files().contains(name)) << name;
  EXPECT_TRUE(read_folder(empty, false).is_new);
  EXPECT_THAT(read_folder(empty, false).files.temporaries, IsEmpty());
}

TEST_F(Folders, WithALsnThatNoLogComesToAreRefused) {
  for (const Lsn lsn : {Lsn{0}, (Lsn{1} << 63) + 1, ~Lsn{0}}) {
    put({segment_name(lsn), "x"});
    EXPECT_THAT(refused(), AllOf(StartsWith(segment_name(lsn)), HasSubstr("no log comes to")));
    folder_.erase(segment_name(lsn));
  }
  put({snapshot_name(Lsn{1} << 63), "x"});
  EXPECT_THAT(refused(), HasSubstr("no log comes to"));
}

// --- the manifest ---

TEST_F(Folders, WithoutTheirManifestAreRefused) {
  folder_.erase(manifest_name);
  EXPECT_THAT(refused(), StartsWith("MANIFEST is damaged at offset 0: it is missing"));
}

TEST_F(Folders, WithAManifestThatIsEmptyOrTooLongAreRefused) {
  const auto whole = folder_.bytes(manifest_name);
  for (const auto& bytes : {std::string{}, whole.substr(1), whole + '\0'}) {
    folder_.put(manifest_name, bytes);
    EXPECT_THAT(refused(), AllOf(StartsWith("MANIFEST is damaged"), HasSubstr("in place of 56")));
  }
}

TEST_F(Folders, WithoutTheirManifestAreTruncatedToAllThatTheLogHas) {
  folder_.erase(manifest_name);
  EXPECT_EQ(start(folder_, true), states_[20]);
  EXPECT_EQ(start(folder_), states_[20]);  // there is one again
}

TEST_F(Folders, WithoutTheirManifestAndWithAFileOfAnotherStoreAreRefusedAlsoByTruncate) {
  folder_.erase(manifest_name);
  auto header = load<SegmentHeader>(folder_.bytes(segments_.back()));
  header.store[0] ^= 1;
  header.first_lsn = 21;
  header.checksum = checksum(bytes_of(header).substr(0, offsetof(SegmentHeader, checksum)), 0);
  put({segment_name(21), std::string{bytes_of(header)}});
  EXPECT_THAT(refused(), StartsWith("MANIFEST is damaged at offset 0: it is missing"));
  EXPECT_THAT(refused(true), AllOf(HasSubstr("and there are files of 2 stores"),
                                   HasSubstr(segment_name(21)), HasSubstr(segments_.back())));
}

TEST_F(Folders, OfALaterVersionAreRefusedAlsoByTruncate) {
  change_manifest([](Manifest& manifest) { manifest.version = format_version + 1; });
  for (const bool truncate : {false, true})
    EXPECT_THAT(refused(truncate), AllOf(StartsWith("MANIFEST"), HasSubstr("version 2")));
}

TEST_F(Folders, WithASegmentOfALaterVersionBehindDamageAreNotTruncated) {
  auto header = load<SegmentHeader>(folder_.bytes(segments_[2]));
  header.version = format_version + 1;
  header.checksum = checksum(bytes_of(header).substr(0, offsetof(SegmentHeader, checksum)), 0);
  folder_.put(segments_[2], std::string{bytes_of(header)});
  auto bytes = folder_.bytes(segments_[0]);
  bytes[sizeof(SegmentHeader)] = static_cast<char>(bytes[sizeof(SegmentHeader)] ^ 1);
  folder_.put(segments_[0], bytes);
  EXPECT_THAT(refused(true), AllOf(StartsWith(segments_[2]), HasSubstr("format version 2")));
}

TEST_F(Folders, WithOneSegmentThatTheManifestDoesNotKnowAreTaken) {
  change_manifest(
      [&](Manifest& manifest) { manifest.newest_segment = first_lsn(segments_.size() - 2); });
  EXPECT_EQ(start(folder_), states_[20]);
}

TEST_F(Folders, WithTwoSegmentsThatTheManifestDoesNotKnowAreRefused) {
  change_manifest(
      [&](Manifest& manifest) { manifest.newest_segment = first_lsn(segments_.size() - 3); });
  EXPECT_THAT(refused(), HasSubstr("2 segments are newer"));
}

TEST_F(Folders, ThatEndBelowTheLsnOfAnOrderlyStopAreRefused) {
  change_manifest([](Manifest& manifest) { manifest.clean = 1, manifest.clean_lsn = 21; });
  EXPECT_THAT(refused(), AllOf(StartsWith(segments_.back()), HasSubstr("LSN 21 was durable")));
  change_manifest([](Manifest& manifest) { manifest.clean_lsn = 20; });
  EXPECT_TRUE(read().clean);
}

// --- segments ---

TEST_F(Folders, WithoutOneOfTheirSegmentsAreRefused) {
  for (const auto& name : segments_) {
    const auto bytes = folder_.bytes(name);
    folder_.erase(name);
    EXPECT_THAT(refused(), HasSubstr("wal-")) << name;
    folder_.put(name, bytes);
  }
}

TEST_F(Folders, WithASegmentUnderAnotherNameAreRefused) {
  folder_.put(segment_name(21), folder_.bytes(segments_.back()));
  EXPECT_THAT(refused(), HasSubstr("it begins at another LSN than its name says"));
}

TEST_F(Folders, WithASegmentOfAnotherStoreAreRefused) {
  auto header = load<SegmentHeader>(folder_.bytes(segments_[1]));
  header.store[0] ^= 1;
  header.checksum = checksum(bytes_of(header).substr(0, offsetof(SegmentHeader, checksum)), 0);
  folder_.put(segments_[1],
              folder_.bytes(segments_[1]).replace(0, sizeof(header), bytes_of(header)));
  EXPECT_THAT(refused(), AllOf(StartsWith(segments_[1]), HasSubstr("of another store")));
}

TEST_F(Folders, WithTheManifestOfAnotherStoreAreRefusedAlsoByTruncate) {
  change_manifest([](Manifest& manifest) { manifest.store[0] ^= 1; });
  for (const bool truncate : {false, true})
    EXPECT_THAT(refused(truncate), StartsWith("MANIFEST is of another store than all other files"));
}

TEST_F(Folders, WithStrayBytesInTheZerosAreTakenWithAWarning) {
  auto bytes = folder_.bytes(segments_[0]);
  bytes.back() = '\1';
  folder_.put(segments_[0], bytes);
  EXPECT_THAT(read().warnings, ElementsAre(AllOf(StartsWith(segments_[0]), HasSubstr("offset"))));
  EXPECT_EQ(start(folder_), states_[20]);
}

// --- truncate ---

TEST_F(Folders, WithDamageGiveWhatIsBeforeItToTruncateAndKeepTheRestAside) {
  damage(segments_[1]);
  const auto bytes = folder_.bytes(segments_[2]);
  EXPECT_THAT(refused(), StartsWith(segments_[1] + " is damaged at offset"));
  const auto found = start(folder_, true);
  EXPECT_EQ(found, states_[first_lsn(1)]);  // its first record is before the damage
  EXPECT_EQ(folder_.bytes(segments_[2] + ".torn-0"), bytes);
  EXPECT_EQ(start(folder_), found);
}

TEST_F(Folders, WhoseLogIsCutBelowASnapshotGiveTheSnapshotToTruncate) {
  put(newer_);
  damage(segments_[1]);  // which the snapshot covers
  for (std::size_t i = 2; i < segments_.size(); ++i) folder_.erase(segments_[i]);
  EXPECT_THAT(refused(), HasSubstr("is missing"));
  EXPECT_EQ(start(folder_, true), states_[14]);
  EXPECT_EQ(start(folder_), states_[14]);
  EXPECT_TRUE(folder_.files().contains(segments_[1] + ".torn-0"));
}

TEST_F(Folders, WhoseLogBeginsAfterAWholeSnapshotAreRefusedAndGiveThatToTruncate) {
  put(newer_);
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) folder_.erase(segments_[i]);
  EXPECT_THAT(refused(), AllOf(StartsWith(segments_.back() + " is damaged at offset 0: the log"),
                               HasSubstr("--recover=truncate")));
  EXPECT_EQ(start(folder_, true), states_[14]);
  EXPECT_EQ(start(folder_), states_[14]);
  EXPECT_TRUE(folder_.files().contains(segments_.back() + ".torn-0"));
}

TEST_F(Folders, WithNothingButASnapshotAreRefusedAndGiveItToTruncate) {
  SimulatedFolder backup;
  backup.put(newer_.first, newer_.second);
  EXPECT_THAT(refusal(backup), StartsWith("MANIFEST is damaged at offset 0: it is missing"));
  EXPECT_EQ(start(backup, true), states_[14]);
  RecoveredLog log{backup};
  EXPECT_EQ(log.wal().last_lsn(), 14u);
  log.set_durably("key", std::int64_t{15});
  EXPECT_EQ(start(backup), states_[15]);
}

// --- snapshots ---

TEST_F(Folders, WithADamagedSnapshotFallBackToTheOlderOne) {
  put(older_);
  put({newer_.first, newer_.second.substr(1)});
  folder_.erase(segments_[0]);  // the older one covers it
  const auto found = read();
  EXPECT_EQ(found.snapshot->lsn, 8u);
  EXPECT_THAT(found.set_aside, ElementsAre(newer_.first));
  EXPECT_THAT(found.warnings, ElementsAre(StartsWith(newer_.first)));
  EXPECT_EQ(start(folder_), states_[20]);
}

TEST_F(Folders, WhoseLogBeginsAfterTheOnlyWholeSnapshotAreRefused) {
  put({newer_.first, newer_.second.substr(1)});
  folder_.erase(segments_[0]);
  EXPECT_THAT(refused(), AllOf(HasSubstr("the log begins at LSN"), HasSubstr(newer_.first)));
}

TEST_F(Folders, WithDamageThatASnapshotCoversAreTakenWithAWarning) {
  put(newer_);
  damage(segments_[0]);
  EXPECT_THAT(check_unread(folder_, read()).warnings, ElementsAre(StartsWith(segments_[0])));
  EXPECT_EQ(start(folder_), states_[20]);
}

TEST_F(Folders, WithDamageBeforeTheSnapshotInItsSegmentHaveAllThatIsBehindIt) {
  put(newer_);
  ASSERT_TRUE(first_lsn(2) < 14 && first_lsn(3) > 15);
  damage(segments_[2]);
  EXPECT_THAT(read().warnings, ElementsAre(AllOf(StartsWith(segments_[2] + ": damaged at offset"),
                                                 HasSubstr("the snapshot makes up for it"))));
  EXPECT_EQ(start(folder_), states_[20]);
}

// --- a copy that went its own way ---

TEST_F(Folders, WithTheSnapshotOfACopyAreRefusedAlsoByTruncate) {
  put({newer_.first, copy_up_to(14).bytes(newer_.first)});
  for (const bool truncate : {false, true})
    EXPECT_THAT(refused(truncate), HasSubstr("two timelines of this store: they differ at LSN 14"));
}

TEST_F(Folders, WithASegmentOfAnotherTimelineAreRefusedAndGiveTheirOwnToTruncate) {
  const auto before = folder_.bytes(segments_[0]);
  folder_ = copy_up_to(20);
  const auto own = look(folder_);
  folder_.put(segments_[0], before);
  EXPECT_THAT(refused(), HasSubstr("does not go on from the segment before it"));
  EXPECT_EQ(start(folder_, true), own);
  EXPECT_EQ(folder_.bytes(segments_[0] + ".torn-0"), before);
}

TEST_F(Folders, WithASnapshotThatIsAheadOfTheLogAreRefused) {
  put(newer_);
  for (std::size_t i = 1; i < segments_.size(); ++i) folder_.erase(segments_[i]);
  change_manifest([](Manifest& manifest) { manifest.newest_segment = 1; });
  EXPECT_THAT(refused(), HasSubstr("LSN 14 was durable"));
}

/// What it has removed is what the older of its two snapshots has.
TEST(FoldersOfASnapshotter, HaveAllDataAlsoWhereTheNewestSnapshotIsDamaged) {
  const CapturedLog quiet;
  SimulatedFolder folder;
  MemTable memtable{any_answer()};
  OpenLog log{folder, {.limits = {.segment_bytes = 700, .reserve_bytes = 652}}};
  memtable.observe({&log.wal()});
  for (Lsn lsn = 1; lsn <= 20; ++lsn) {
    ASSERT_TRUE(memtable.set("t", {"key" + std::to_string(lsn), "value"}));
    ASSERT_TRUE(log.wal().make_durable(lsn));
    if (lsn != 10 && lsn != 18) continue;
    Gate gate;
    folder.set_hook(gate.hook(SimulatedFolder::Kind::rename, "snapshot-"));
    const Snapshotter snapshotter{folder, OpenLog::store_id, memtable, log.wal(), 1, 0, 0};
    gate.wait_for_somebody();
    gate.open();
  }
  EXPECT_FALSE(folder.files().contains(segment_name(1)));
  folder.put(snapshot_name(18), folder.bytes(snapshot_name(18)).substr(1));
  EXPECT_EQ(look(folder), contents_of(memtable));
}

TEST(OtherFormats, TheLogOfStage5IsRefusedAndAnyOtherFileIsLeftAlone) {
  SimulatedFolder folder;
  folder.put("log-1", "kv5log 1, and more");
  try {
    (void)read_folder(folder, false);
    ADD_FAILURE() << "it was taken for a new store";
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
    EXPECT_THAT(error.what(), testing::StartsWith("log-1 is of stage 5"));
  }
  folder.put("log-1", "somebody's own");
  EXPECT_TRUE(read_folder(folder, false).is_new);
}

}  // namespace
}  // namespace kv::test
