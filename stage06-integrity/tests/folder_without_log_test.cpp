// Whose files these are, and what the data begin with. The log comes in the next step: here a start
// finds none, or does not look at it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/folder_reader.hpp"
#include "open_log.hpp"

namespace kv {

void FolderReader::read_log() {}

Result<SegmentHeader> FolderReader::header_of(const std::string& segment) const {
  return read_segment_header(must(must(folder_.open(segment))->read_at(0, sizeof(SegmentHeader))));
}

namespace test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A manifest, and a snapshot after LSN 1 and one after LSN 2.
class FolderWithoutLog : public testing::Test {
 protected:
  void SetUp() override {
    SimulatedFolder whole;
    OpenLog log{whole};
    MemTable memtable{any_answer()};
    memtable.observe({&log.wal()});
    for (const Lsn lsn : {Lsn{1}, Lsn{2}}) {
      ASSERT_TRUE(memtable.set("t", {"key", Value{std::to_string(lsn)}}));
      ASSERT_TRUE(write_snapshot(whole, OpenLog::store_id, memtable, log.wal()));
      folder_.put(snapshot_name(lsn), whole.bytes(snapshot_name(lsn)));
    }
    segment_ = whole.bytes(segment_name(1));
    name_store({.store = OpenLog::store_id});
  }

  void name_store(const Manifest& manifest) { ASSERT_TRUE(write_manifest(folder_, manifest)); }

  Recovered read(bool truncate = false) {
    return read_folder(folder_, truncate,
                       {.change =
                            [this](auto, std::string_view key, const auto& value) {
                              rows_.push_back(std::string{key} + "=" + text_of(*value));
                            },
                        .clear = [this] { rows_.clear(); }});
  }

  std::string refused(bool truncate = false) {
    try {
      (void)read(truncate);
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
      return error.what();
    }
    return "it was taken";
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  std::string segment_;
  std::vector<std::string> rows_;  // that the loader has got
};

TEST_F(FolderWithoutLog, OfFilesOfOthersIsNew) {
  folder_ = SimulatedFolder{};
  folder_.put("thesis.tmp", "theirs");
  EXPECT_TRUE(read().is_new);
}

TEST_F(FolderWithoutLog, BeginsWithTheNewestSnapshot) {
  const auto found = read();
  EXPECT_FALSE(found.is_new);
  EXPECT_EQ(found.store, OpenLog::store_id);
  EXPECT_EQ(found.snapshot->lsn, 2u);
  EXPECT_EQ(found.end.lsn, 2u);
  EXPECT_THAT(rows_, ElementsAre("key=0:2"));
}

TEST_F(FolderWithoutLog, FallsBackToTheOlderSnapshotAndRefusesToEndThere) {
  folder_.put(snapshot_name(2), folder_.bytes(snapshot_name(2)) + "x");
  EXPECT_THAT(refused(), HasSubstr("the log ends at LSN 1, and LSN 2 was durable"));
  const auto found = read(true);
  EXPECT_EQ(found.snapshot->lsn, 1u);
  EXPECT_THAT(found.set_aside, ElementsAre(snapshot_name(2)));
  EXPECT_THAT(rows_, ElementsAre("key=0:1")) << "and nothing of the damaged one";
}

TEST_F(FolderWithoutLog, ThatEndsBelowAnOrderlyStopIsRefused) {
  name_store({.store = OpenLog::store_id, .clean = 1, .clean_lsn = 3});
  EXPECT_THAT(refused(), HasSubstr("LSN 3 was durable"));
  name_store({.store = OpenLog::store_id, .clean = 1, .clean_lsn = 2});
  EXPECT_TRUE(read().clean);
}

TEST_F(FolderWithoutLog, WithoutItsManifestIsRefusedAndTakesTheStoreOfItsFiles) {
  folder_.erase(manifest_name);
  EXPECT_THAT(refused(), StartsWith("MANIFEST is damaged at offset 0: it is missing"));
  EXPECT_EQ(read(true).store, OpenLog::store_id);
}

TEST_F(FolderWithoutLog, WithoutItsManifestAndAnyFileThatTellsIsRefusedAlsoByTruncate) {
  for (const Lsn lsn : {Lsn{1}, Lsn{2}}) folder_.put(snapshot_name(lsn), "x");
  folder_.erase(manifest_name);
  EXPECT_THAT(refused(true), HasSubstr("no file tells which store this is"));
}

TEST_F(FolderWithoutLog, WithTheManifestOfAnotherStoreIsRefusedAlsoByTruncate) {
  name_store({.store = {9}});
  for (const bool truncate : {false, true})
    EXPECT_THAT(refused(truncate), StartsWith("MANIFEST is of another store than all other files"));
}

TEST_F(FolderWithoutLog, ThatLacksTheSegmentOfTheManifestIsRefused) {
  name_store({.store = OpenLog::store_id, .newest_segment = 3});
  EXPECT_THAT(refused(), AllOf(StartsWith(segment_name(3)), HasSubstr("it is missing")));
}

TEST_F(FolderWithoutLog, MayHaveOneSegmentThatTheManifestDoesNotNameAndNotTwo) {
  folder_.put(segment_name(3), segment_);
  EXPECT_EQ(read().end.lsn, 2u);
  folder_.put(segment_name(5), segment_);
  EXPECT_THAT(refused(), HasSubstr("2 segments are newer"));
}

TEST_F(FolderWithoutLog, WithALsnThatNoLogComesToIsRefused) {
  folder_.put(segment_name(0), "x");
  EXPECT_THAT(refused(), AllOf(StartsWith(segment_name(0)), HasSubstr("no log comes to")));
}

TEST_F(FolderWithoutLog, OfALaterVersionIsRefusedAlsoByTruncate) {
  name_store({.version = format_version + 1, .store = OpenLog::store_id});
  EXPECT_THAT(refused(true), HasSubstr("format version 2"));
}

}  // namespace
}  // namespace test
}  // namespace kv
