// Exercise 2: up to where two folders are one and the same store.

#include "disk/timelines.hpp"

#include <gtest/gtest.h>

#include "captured_log.hpp"
#include "disk/data_files.hpp"
#include "recovered_log.hpp"

namespace kv::test {
namespace {

/// A store with LSN 1 to 20, in several segments.
class Timelines : public testing::Test {
 protected:
  void SetUp() override {
    OpenLog log{folder_};
    for (int i = 0; i < 20; ++i) log.set_durably("key", std::string(500, 'v'));
    log.wal().wait_for_manifest();
    ASSERT_GE(segments_in(folder_).size(), 3u);
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
};

TEST_F(Timelines, AreOneWhereNothingHasHappened) {
  EXPECT_EQ(*last_common_lsn(folder_, folder_.after_kill()), 20u);
}

TEST_F(Timelines, PartWhereTheFirstChangeDiffers) {
  const auto copy = folder_.after_kill();
  {
    RecoveredLog here{folder_};
    here.set_durably("key", "here");
    here.set_durably("key", "the same");
    RecoveredLog there{copy};
    there.set_durably("key", "there");
    there.set_durably("key", "the same");
  }
  EXPECT_EQ(*last_common_lsn(folder_, copy), 20u) << "LSN 22 is the same command, and not the same";
}

TEST_F(Timelines, AreOneUpToTheEndOfTheShorter) {
  const auto copy = folder_.after_kill();
  RecoveredLog{folder_}.set_durably("key", "more");
  EXPECT_EQ(*last_common_lsn(folder_, copy), 20u);
  EXPECT_EQ(*last_common_lsn(copy, folder_), 20u);
}

TEST_F(Timelines, AreOneAlsoWhereOldSegmentsAreGone) {
  auto copy = folder_.after_kill();
  copy.erase(segments_in(copy)[0]);
  EXPECT_EQ(*last_common_lsn(folder_, copy), 20u);
}

TEST_F(Timelines, MeetInTheHeaderOfASegmentWithoutRecords) {
  const auto names = segments_in(folder_);
  SimulatedFolder copy;
  const auto header = folder_.bytes(names[1]).substr(0, sizeof(SegmentHeader));
  copy.put(names[1], header + std::string(1000, '\0'));
  EXPECT_EQ(*last_common_lsn(folder_, copy), *segment_first_lsn(names[1]) - 1);
}

TEST_F(Timelines, OfTwoStoresHaveNothingInCommon) {
  SimulatedFolder other;
  OpenLog{other}.set_durably("other", "first");
  EXPECT_EQ(*last_common_lsn(folder_, other), 0u);
}

TEST_F(Timelines, CannotBeToldWhereAHeaderIsDamaged) {
  auto copy = folder_.after_kill();
  copy.put(segments_in(copy)[1], "x");
  EXPECT_FALSE(last_common_lsn(folder_, copy));
}

}  // namespace
}  // namespace kv::test
