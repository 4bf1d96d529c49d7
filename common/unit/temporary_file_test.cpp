#include "disk/temporary_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulated_folder.hpp"

namespace kv::test {
namespace {

using Kind = SimulatedFolder::Kind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class TemporaryFileTest : public testing::Test {
 protected:
  Result<void> write_and_publish() {
    auto file = TemporaryFile::create(folder_, "new.tmp");
    if (!file) return file.error();
    auto written = file->file()->write_at(0, "new");
    return written ? file->publish("name") : written;
  }

  SimulatedFolder folder_;
};

TEST_F(TemporaryFileTest, HasItsNameOnTheDiskOnceItIsPublished) {
  folder_.put("name", "old");
  ASSERT_TRUE(write_and_publish());
  for (std::uint32_t seed = 0; seed < 20; ++seed)
    EXPECT_THAT(folder_.after_power_loss(seed).files(), ElementsAre(Pair("name", "new")));
}

TEST_F(TemporaryFileTest, LeavesNothingBehindWhenItIsNotPublished) {
  {
    auto file = TemporaryFile::create(folder_, "new.tmp");
    ASSERT_TRUE(file);
    const TemporaryFile moved = std::move(*file);
    EXPECT_EQ(folder_.files().count("new.tmp"), 1u);
  }
  EXPECT_THAT(folder_.files(), IsEmpty());
}

TEST_F(TemporaryFileTest, MayBeTriedAgainUntilItHasItsName) {
  folder_.put("name", "old");
  for (const Kind kind : {Kind::create, Kind::write, Kind::sync_file, Kind::rename}) {
    folder_.set_hook(fail_next(kind, kind == Kind::rename ? "name" : "new.tmp", Status::no_space));
    EXPECT_EQ(write_and_publish().error().status, Status::no_space);
    EXPECT_THAT(folder_.files(), ElementsAre(Pair("name", "old")));
  }
}

TEST_F(TemporaryFileTest, IsAFinalErrorWhenItsNameMayBeLost) {
  folder_.set_hook(fail_next(Kind::sync_folder, "", Status::no_space));
  EXPECT_EQ(write_and_publish().error().status, Status::storage_failed);
  EXPECT_THAT(folder_.files(), ElementsAre(Pair("name", "new")));
}

}  // namespace
}  // namespace kv::test
