#include "disk/data_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulated_folder.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

DataFiles data_files(std::initializer_list<const char*> names) {
  SimulatedFolder folder;
  for (const auto* name : names) folder.put(name, "");
  return *list_data_files(folder);
}

TEST(DataFiles, AreInTheOrderOfTheirLsns) {
  const auto files = data_files({"wal-00000000000000000010.log", "wal-00000000000000000009.log",
                                 "snapshot-00000000000000000000.kv", "MANIFEST"});
  EXPECT_THAT(files.segments, ElementsAre(Pair(9, "wal-00000000000000000009.log"),
                                          Pair(10, "wal-00000000000000000010.log")));
  EXPECT_THAT(files.snapshots, ElementsAre(Pair(0, "snapshot-00000000000000000000.kv")));
  EXPECT_TRUE(files.has_manifest);
  EXPECT_THAT(files.names, SizeIs(4));
}

TEST(DataFiles, ThatAreNotWholeYetAreTemporary) {
  const auto files =
      data_files({"MANIFEST.tmp", "wal-next.tmp", "snapshot.tmp",
                  "wal-00000000000000000001.log.tmp", "wal-00000000000000000001.log.torn-48.tmp"});
  EXPECT_THAT(files.temporaries,
              UnorderedElementsAre("MANIFEST.tmp", "wal-next.tmp", "snapshot.tmp",
                                   "wal-00000000000000000001.log.tmp",
                                   "wal-00000000000000000001.log.torn-48.tmp"));
  EXPECT_FALSE(files.has_data());
}

TEST(DataFiles, OfOthersAreNone) {
  const auto files = data_files({"notes.tmp", "wal-1.log", "wal-1.log.tmp", "snapshot-1.kv",
                                 "wal-00000000000000000001.log.torn-48", "MANIFEST.old"});
  EXPECT_FALSE(files.has_data());
  EXPECT_THAT(files.temporaries, IsEmpty());
  EXPECT_THAT(files.names, SizeIs(6));
}

TEST(DataFiles, OfAFolderThatCannotBeListedAreAnError) {
  SimulatedFolder folder;
  folder.fail_read(folder.reads() + 1, false);
  EXPECT_FALSE(list_data_files(folder));
}

TEST(DataFiles, AreNotReplacedByWhatIsTornOff) {
  EXPECT_EQ(torn_name(data_files({"wal"}), "wal", 48), "wal.torn-48");
  EXPECT_EQ(torn_name(data_files({"wal.torn-48"}), "wal", 48), "wal.torn-48.2");
  EXPECT_EQ(torn_name(data_files({"wal.torn-48", "wal.torn-48.2"}), "wal", 48), "wal.torn-48.3");
}

}  // namespace
}  // namespace kv::test
