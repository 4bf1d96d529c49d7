// What is seen of a server's data folder from outside. The server is this test.

#include "folder_watch.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "fixtures/temp_folder.hpp"

namespace kv::bench {
namespace {

namespace fs = std::filesystem;

class BenchFolder : public testing::Test {
 protected:
  void write(const std::string& name, std::size_t bytes) const {
    std::ofstream{folder_.path() / name} << std::string(bytes, 'x') << std::flush;
  }

  /// As if it were written to so long after 1970.
  void touch(const std::string& name, time_t seconds) const {
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_.path() / name).c_str(), times, 0), 0);
  }

  void rename(const std::string& from, const std::string& to) const {
    fs::rename(folder_.path() / from, folder_.path() / to);
  }

  const test::TempFolder folder_;
};

TEST_F(BenchFolder, IsAsLargeAsItsFilesAre) {
  const auto before = folder_bytes(folder_.path());
  write("a", 100'000);
  fs::create_directory(folder_.path() / "below");
  write("below/b", 100'000);
  const auto after = folder_bytes(folder_.path());
  EXPECT_GE(after, before + 200'000);
  EXPECT_LE(after, before + 250'000);
  EXPECT_EQ(folder_bytes(folder_.path() / "none"), 0u);
}

TEST_F(BenchFolder, ASegmentThatGrowsIsNoChange) {
  write("wal-1.log", 1);
  write("MANIFEST", 1);
  SegmentWatch watch{folder_.path()};
  write("wal-1.log", 100);
  write("snapshot.tmp", 100);
  write("log", 100);
  EXPECT_FALSE(watch.changing());
  EXPECT_EQ(watch.changes(), 0u);
}

TEST_F(BenchFolder, EachStepToANewSegmentIsAChange) {
  write("wal-1.log", 1);
  write("MANIFEST", 1);
  SegmentWatch watch{folder_.path()};
  touch("wal-1.log", 2'000'000'000);  // the last one written, whatever the clock says
  EXPECT_FALSE(watch.changing());
  const auto step = [&](const char* what) {
    EXPECT_TRUE(watch.changing()) << what;
    EXPECT_FALSE(watch.changing()) << what;
  };
  write("wal-2.log.tmp", 1);
  step("it is made");
  EXPECT_EQ(watch.changes(), 0u);
  rename("wal-2.log.tmp", "wal-2.log");
  step("it is whole");
  EXPECT_EQ(watch.changes(), 1u);
  touch("wal-2.log", 2'000'000'001);
  step("it is written to");
  write("MANIFEST.tmp", 2);
  rename("MANIFEST.tmp", "MANIFEST");
  step("it is named");
  fs::remove(folder_.path() / "wal-1.log");
  step("the old one goes");
  EXPECT_EQ(watch.changes(), 1u);
}

}  // namespace
}  // namespace kv::bench
