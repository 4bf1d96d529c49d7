// The simulated disk loses what it should, or the tests on it prove nothing.

#include "simulated_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kv::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

const std::string sector(512, 's');

/// What power losses at this moment leave, as sets of files.
std::set<std::map<std::string, std::string>> power_losses(const SimulatedFolder& folder) {
  std::set<std::map<std::string, std::string>> seen;
  for (std::uint32_t seed = 0; seed < 200; ++seed)
    seen.insert(folder.after_power_loss(seed).files());
  return seen;
}

TEST(SimulatedFolder, KeepsWhatWasSynced) {
  SimulatedFolder folder;
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->write_at(0, "text") && file->sync() && folder.sync());
  EXPECT_THAT(power_losses(folder), ElementsAre(ElementsAre(Pair("a", "text"))));
}

TEST(SimulatedFolder, LosesAnUnsyncedFileItsNameAndItsBytes) {
  SimulatedFolder folder;
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->write_at(0, "text"));
  const std::string zeros(4, '\0');
  EXPECT_THAT(
      power_losses(folder),
      AllOf(SizeIs(4), Contains(IsEmpty()), Contains(ElementsAre(Pair("a", ""))),
            Contains(ElementsAre(Pair("a", zeros))), Contains(ElementsAre(Pair("a", "text")))));
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(power_losses(folder), ElementsAre(IsEmpty(), ElementsAre(Pair("a", "text"))));
}

TEST(SimulatedFolder, KeepsSectorsOrLosesThemAlsoWhatWasInThemBefore) {
  SimulatedFolder folder;
  folder.put("a", std::string(1024, '-'));
  ASSERT_TRUE(folder.rename("a", "b") && folder.sync());
  const auto file = *folder.open("b");
  ASSERT_TRUE(file->write_at(0, sector + sector) && file->write_at(0, "new"));
  const auto with = [](const std::string& first, char second) {
    return ElementsAre(Pair("b", first + std::string(1024 - first.size(), second)));
  };
  const std::string newest = "new" + sector.substr(3);
  EXPECT_THAT(power_losses(folder),
              AllOf(SizeIs(6), Contains(with("", '-')), Contains(with(sector, '-')),
                    Contains(with(newest, '-')), Contains(with(newest, 's'))));
}

TEST(SimulatedFolder, UndoesRenamesAndRemovalsLastOneFirst) {
  SimulatedFolder folder;
  folder.put("a", "A");
  folder.put("b", "B");
  ASSERT_TRUE(folder.rename("a", "b") && folder.remove("b"));
  EXPECT_THAT(folder.files(), IsEmpty());
  EXPECT_THAT(power_losses(folder),
              ElementsAre(IsEmpty(), ElementsAre(Pair("a", "A"), Pair("b", "B")),
                          ElementsAre(Pair("b", "A"))));
}

TEST(SimulatedFolder, AFailedSyncForgetsAndTheNextOneSucceedsAndHelpsNothing) {
  bool lost = false;
  for (std::uint32_t seed = 0; seed < 20 && !lost; ++seed) {
    SimulatedFolder folder{seed};
    folder.put("a", "old");
    const auto file = *folder.open("a");
    ASSERT_TRUE(file->write_at(0, "new"));
    folder.set_hook(fail_at(2, Status::storage_failed));
    EXPECT_FALSE(file->sync());
    EXPECT_TRUE(file->sync());
    EXPECT_EQ(folder.bytes("a"), "new");
    lost = folder.after_power_loss(0).bytes("a") == "old";
  }
  EXPECT_TRUE(lost);
}

TEST(SimulatedFolder, FailsOneOperationOrAllFromThere) {
  SimulatedFolder folder;
  folder.set_hook(fail_at(2, Status::no_space));
  EXPECT_TRUE(folder.create("a"));
  EXPECT_EQ(folder.create("b").error().status, Status::no_space);
  EXPECT_TRUE(folder.create("c"));
  folder.set_hook(fail_at(4, Status::storage_failed, true));
  EXPECT_FALSE(folder.rename("a", "d"));
  EXPECT_FALSE(folder.remove("a"));
  EXPECT_EQ(folder.operations(), 5u);
  EXPECT_THAT(folder.files(), ElementsAre(Pair("a", ""), Pair("c", "")));
}

TEST(SimulatedFolder, HasNoRoomBeyondItsCapacity) {
  SimulatedFolder folder;
  folder.set_capacity(10);
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->write_at(0, "12345678"));
  EXPECT_EQ(file->write_at(8, "abcd").error().status, Status::no_space);
  EXPECT_TRUE(file->write_at(0, "overwritten").has_error());
  EXPECT_TRUE(file->write_at(4, "fits"));
  folder.set_capacity(20);
  EXPECT_TRUE(file->write_at(8, "abcd"));
}

}  // namespace
}  // namespace kv::test
