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
  ASSERT_TRUE(file->append("text") && file->sync() && folder.sync());
  EXPECT_THAT(power_losses(folder), ElementsAre(ElementsAre(Pair("a", "text"))));
}

TEST(SimulatedFolder, LosesAnUnsyncedFileItsNameAndItsBytes) {
  SimulatedFolder folder;
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->append("text"));
  const std::string zeros(4, '\0');
  EXPECT_THAT(
      power_losses(folder),
      AllOf(SizeIs(4), Contains(IsEmpty()), Contains(ElementsAre(Pair("a", ""))),
            Contains(ElementsAre(Pair("a", zeros))), Contains(ElementsAre(Pair("a", "text")))));
  ASSERT_TRUE(file->sync());
  EXPECT_THAT(power_losses(folder), ElementsAre(IsEmpty(), ElementsAre(Pair("a", "text"))));
}

TEST(SimulatedFolder, KeepsSectorsOrLosesThemAlsoThoseBefore) {
  SimulatedFolder folder;
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->append("x") && file->sync() && folder.sync());
  ASSERT_TRUE(file->append(sector.substr(1) + sector));
  const std::string first = "x" + sector.substr(1), lost = "x" + std::string(511, '\0');
  const auto is = [](const std::string& bytes) { return ElementsAre(Pair("a", bytes)); };
  EXPECT_THAT(power_losses(folder),
              AllOf(SizeIs(6), Contains(is("x")), Contains(is(first)), Contains(is(lost + sector)),
                    Contains(is(first + sector)), Contains(is(lost + std::string(512, '\0')))));
}

TEST(SimulatedFolder, ShowsWhatAFileThatIsGoneHadThere) {
  SimulatedFolder folder;
  folder.put("old", sector);
  ASSERT_TRUE(folder.remove("old") && folder.create("a") && folder.sync());
  ASSERT_TRUE((*folder.create("b"))->append("new") && folder.sync());
  EXPECT_THAT(power_losses(folder), Contains(Contains(Pair("b", "sss"))));
}

TEST(SimulatedFolder, UndoesRenamesAndRemovalsInAnyOrder) {
  SimulatedFolder folder;
  folder.put("a", "A");
  folder.put("b", "B");
  ASSERT_TRUE(folder.rename("a", "b") && folder.remove("b"));
  EXPECT_THAT(folder.files(), IsEmpty());
  EXPECT_THAT(power_losses(folder), ElementsAre(IsEmpty(), ElementsAre(Pair("a", "A")),
                                                ElementsAre(Pair("a", "A"), Pair("b", "B")),
                                                ElementsAre(Pair("b", "A"))));
}

TEST(SimulatedFolder, AFailedSyncForgetsAndTheNextOneSucceedsAndHelpsNothing) {
  bool lost = false;
  for (std::uint32_t seed = 0; seed < 20 && !lost; ++seed) {
    SimulatedFolder folder{seed};
    const auto file = *folder.create("a");
    ASSERT_TRUE(file->append("old") && file->sync() && folder.sync() && file->append("new"));
    folder.set_hook(fail_next(SimulatedFolder::Kind::sync_file, "a"));
    EXPECT_FALSE(file->sync());
    EXPECT_TRUE(file->sync());
    EXPECT_EQ(folder.bytes("a"), "oldnew");
    lost = folder.after_power_loss(0).bytes("a") != "oldnew";
  }
  EXPECT_TRUE(lost);
}

TEST(SimulatedFolder, FailsOneOperationOrAllFromThere) {
  SimulatedFolder folder;
  folder.set_hook(fail_at(2));
  EXPECT_TRUE(folder.create("a"));
  EXPECT_FALSE(folder.create("b"));
  EXPECT_TRUE(folder.create("c"));
  folder.set_hook(fail_at(4, true));
  EXPECT_FALSE(folder.rename("a", "d"));
  EXPECT_FALSE(folder.remove("a"));
  EXPECT_EQ(folder.operations(), 5u);
  EXPECT_THAT(folder.files(), ElementsAre(Pair("a", ""), Pair("c", "")));
}

TEST(SimulatedFolder, HasNoRoomBeyondItsCapacity) {
  SimulatedFolder folder;
  folder.set_capacity(10);
  const auto file = *folder.create("a");
  ASSERT_TRUE(file->append("12345678"));
  EXPECT_FALSE(file->append("abcd"));
  EXPECT_EQ(folder.bytes("a"), "12345678ab") << "a write fails half-way";
  folder.set_capacity(20);
  EXPECT_TRUE(file->append("abcd"));
}

}  // namespace
}  // namespace kv::test
