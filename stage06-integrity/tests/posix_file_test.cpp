// A file on the real file system: all bytes at their offset, and what its errors mean.

#include "disk/posix_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

class PosixFileTest : public testing::Test {
 protected:
  std::unique_ptr<File> make(const std::string& name) {
    const auto path = temporary_.path() / name;
    return posix_file(Descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)},
                      folder_.number(), name);
  }

  const TempFolder temporary_;
  const Descriptor folder_{::open(temporary_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(PosixFileTest, GivesBackWhatWasWrittenAtAnyOffset) {
  const auto file = make("file");
  ASSERT_TRUE(file->write_at(0, "0123456789"));
  ASSERT_TRUE(file->write_at(12, "end"));
  ASSERT_TRUE(file->write_at(3, "abc"));
  EXPECT_EQ(*file->size(), 15u);
  EXPECT_EQ(*file->read_at(0, 15), std::string("012abc6789\0\0end", 15));
}

TEST_F(PosixFileTest, ReadsUpToTheEnd) {
  const auto file = make("file");
  ASSERT_TRUE(file->write_at(0, "text"));
  EXPECT_EQ(*file->read_at(2, 100), "xt");
  EXPECT_EQ(*file->read_at(100, 1), "");
}

TEST_F(PosixFileTest, IsCutToSoManyBytes) {
  const auto file = make("file");
  ASSERT_TRUE(file->write_at(0, "text") && file->truncate(2) && file->sync());
  EXPECT_EQ(*file->read_at(0, 100), "te");
}

TEST_F(PosixFileTest, WritesTheRestWhereACallHasWrittenLess) {
  (void)std::signal(SIGXFSZ, SIG_IGN);
  const auto file = make("file");
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const ::rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file->write_at(0, std::string(1500, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(written) << "the first write was short, the second refused";
  EXPECT_EQ(written.error().status, Status::no_space);
  EXPECT_EQ(*file->size(), 1000u);
}

TEST_F(PosixFileTest, TellsOfAFullDiskUnderTheNameThatItWillHave) {
  std::filesystem::create_symlink("/dev/full", temporary_.path() / "file.tmp");
  const auto written = make("file.tmp")->write_at(0, "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().status, Status::no_space);
  EXPECT_EQ(written.error().message, "cannot write file: No space left on device");
}

TEST_F(PosixFileTest, AnErrorSaysWhetherItMayComeBack) {
  const auto status_of = [](int number) {
    errno = number;
    return failure("cannot").status;
  };
  for (const int number : {ENOSPC, EDQUOT, EFBIG})
    EXPECT_EQ(status_of(number), Status::no_space) << number;
  for (const int number : {EMFILE, ENFILE, ENOMEM, EAGAIN})
    EXPECT_EQ(status_of(number), Status::overloaded) << number;
  for (const int number : {EIO, EBADF, EROFS, ENOENT})
    EXPECT_EQ(status_of(number), Status::storage_failed) << number;
}

TEST_F(PosixFileTest, SaysWhenItsNameWasTakenAway) {
  const auto file = make("file");
  EXPECT_TRUE(file->check_name("file"));
  std::filesystem::rename(temporary_.path() / "file", temporary_.path() / "other");
  EXPECT_EQ(file->check_name("file").error().message, "file was removed from the data folder");
  (void)make("file");
  EXPECT_EQ(file->check_name("file").error().message, "file was replaced in the data folder");
}

/// A pipe cannot be synced, and a file can: the kernel says that all is well now.
TEST_F(PosixFileTest, IsNeverSyncedAgainAfterASyncThatFailed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Descriptor to_read{ends[0]};
  const auto file = posix_file(Descriptor{ends[1]}, folder_.number(), "file");
  const auto first = file->sync();
  ASSERT_FALSE(first);
  const Descriptor other{::open((temporary_.path() / "other").c_str(), O_RDWR | O_CREAT, 0600)};
  ASSERT_EQ(::dup2(other.number(), ends[1]), ends[1]);
  const auto second = file->sync();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, first.error().message);
}

}  // namespace
}  // namespace kv::test
