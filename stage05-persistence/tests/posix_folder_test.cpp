// The data folder on the real file system: who may look into it, who holds it, and what its errors
// say.

#include "disk/posix_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fatal_error.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class PosixFolderTest : public testing::Test {
 protected:
  fs::path path(const std::string& name = {}) const { return data_ / name; }

  std::unique_ptr<Folder> open() const { return open_posix_folder(data_, true); }

  /// The text of the FatalError that opening this ends in.
  static std::string refusal(const fs::path& path, bool make) {
    try {
      (void)open_posix_folder(path, make);
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
      return error.what();
    }
    return "none";
  }

  static unsigned mode_of(const fs::path& path) {
    return static_cast<unsigned>(fs::status(path).permissions());
  }

  std::string bytes(const std::string& name) const {
    std::ifstream file{path(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  const TempFolder temporary_;
  const fs::path data_ = temporary_.path() / "data";
};

// --- the folder ---

TEST_F(PosixFolderTest, IsMadeForItsOwnerOnly) {
  const ::mode_t before = ::umask(0);
  const auto folder = open();
  EXPECT_TRUE(folder->create("file"));
  ::umask(before);
  EXPECT_EQ(mode_of(data_), 0700u);
  EXPECT_EQ(mode_of(path("file")), 0600u);
}

TEST_F(PosixFolderTest, IsNotMadeForOneWhoOnlyLooks) {
  EXPECT_THAT(refusal(data_, false), StartsWith("cannot open the data folder " + data_.string()));
  EXPECT_FALSE(fs::exists(data_));
}

TEST_F(PosixFolderTest, IsMadeBelowAFolderThatIsThereOnly) {
  EXPECT_THAT(refusal(data_ / "below", true), StartsWith("cannot make the data folder"));
  EXPECT_FALSE(fs::exists(data_));
}

TEST_F(PosixFolderTest, MayBeNamedWithASlashAtItsEnd) {
  const auto folder = open_posix_folder(data_.string() + "/", true);
  EXPECT_TRUE(folder->create("file"));
  EXPECT_TRUE(fs::exists(path("file")));
}

TEST_F(PosixFolderTest, MayBeReachedThroughALinkAndBack) {
  fs::create_directories(temporary_.path() / "above" / "below");
  fs::create_directory(temporary_.path() / "above" / "beside");
  fs::create_directory_symlink("above/below", temporary_.path() / "link");
  EXPECT_EQ(refusal(temporary_.path() / "link/../beside/data", true), "none");
  EXPECT_TRUE(fs::exists(temporary_.path() / "above/beside/data"));
}

/// Or the next start would find it there, and trust it.
TEST_F(PosixFolderTest, IsNotLeftWhereItsParentCannotBeSynced) {
  fs::create_directory(data_);
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0711), 0);
  ASSERT_EQ(::chmod(data_.c_str(), 0333), 0);  // one may make a folder in it, and not open it
  const ::uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? 65534 : user), 0);  // root may open anything
  const auto first = refusal(path("below"), true);
  const auto second = refusal(path("below"), true);
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_EQ(::chmod(data_.c_str(), 0700), 0);
  EXPECT_THAT(first, StartsWith("cannot sync"));
  EXPECT_EQ(second, first);
  EXPECT_FALSE(fs::exists(path("below")));
}

TEST_F(PosixFolderTest, IsOpenedWhereItsParentMayNotBe) {
  fs::create_directories(path("below"));
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0711), 0);
  ASSERT_EQ(::chmod(path("below").c_str(), 0755), 0);
  ASSERT_EQ(::chmod(data_.c_str(), 0111), 0);
  const ::uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? 65534 : user), 0);
  const auto opened = refusal(path("below"), true);
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_EQ(::chmod(data_.c_str(), 0700), 0);
  EXPECT_EQ(opened, "none");
}

TEST_F(PosixFolderTest, IsNoFile) {
  std::ofstream{data_} << "text";
  EXPECT_THAT(refusal(data_, true), HasSubstr("Not a directory"));
}

// --- one handle for all ---

TEST_F(PosixFolderTest, ListsItsOwnFilesAndNotThoseAtItsPath) {
  const auto folder = open();
  ASSERT_TRUE(folder->create("own"));
  fs::rename(data_, temporary_.path() / "moved");
  fs::create_directory(data_);
  std::ofstream{path("foreign")} << "foreign";
  EXPECT_THAT(*folder->list(), UnorderedElementsAre("own"));
  ASSERT_TRUE(folder->create("new"));
  EXPECT_THAT(*folder->list(), UnorderedElementsAre("own", "new")) << "from the beginning again";
}

// --- the lock ---

TEST_F(PosixFolderTest, IsRefusedToASecondOne) {
  const auto first = open();
  for (const bool make : {true, false})
    EXPECT_EQ(refusal(data_, make),
              "the data folder " + data_.string() + " is in use by another process");
}

TEST_F(PosixFolderTest, IsFreeAgainAtItsEnd) {
  (void)open();
  EXPECT_EQ(refusal(data_, true), "none");
}

TEST_F(PosixFolderTest, IsHeldAlsoUnderAnotherName) {
  const auto first = open();
  fs::create_directory_symlink(data_, temporary_.path() / "link");
  EXPECT_THAT(refusal(temporary_.path() / "link", true), HasSubstr("is in use"));
}

// --- files ---

TEST_F(PosixFolderTest, GivesBackWhatWasWritten) {
  const auto folder = open();
  const auto file = *folder->create("file");
  const std::string large(3 * 1024 * 1024 + 1, 'x');
  EXPECT_EQ(*folder->read("file"), "");
  ASSERT_TRUE(file->append("text") && file->append(large));
  EXPECT_EQ(*folder->read("file"), "text" + large);
}

TEST_F(PosixFolderTest, EmptiesAFileThatIsMadeAgain) {
  const auto folder = open();
  ASSERT_TRUE((*folder->create("file"))->append("old"));
  ASSERT_TRUE(folder->create("file"));
  EXPECT_EQ(bytes("file"), "");
}

TEST_F(PosixFolderTest, ListsRenamesAndRemoves) {
  const auto folder = open();
  ASSERT_TRUE((*folder->create("a"))->append("A"));
  ASSERT_TRUE(folder->create("b") && folder->create("c"));
  EXPECT_TRUE(folder->rename("a", "b") && folder->remove("c"));
  EXPECT_THAT(*folder->list(), UnorderedElementsAre("b"));
  EXPECT_EQ(bytes("b"), "A");
}

TEST_F(PosixFolderTest, ReadsNothingButFiles) {
  const auto folder = open();
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(fs::create_directory(path("folder")));
  for (const char* name : {"pipe", "folder"})
    EXPECT_EQ(folder->read(name).error().message, name + std::string{" is not a file"});
}

TEST_F(PosixFolderTest, SyncsFilesAndItself) {
  const auto folder = open();
  const auto file = *folder->create("file");
  EXPECT_TRUE(file->append("text") && file->sync() && folder->sync());
}

// --- errors ---

TEST_F(PosixFolderTest, SaysWhatCannotBeDoneToWhat) {
  const auto folder = open();
  EXPECT_EQ(folder->read("none").error().message, "cannot open none: No such file or directory");
  EXPECT_THAT(folder->rename("none", "other").error().message,
              StartsWith("cannot rename none to other: "));
  EXPECT_THAT(folder->remove("none").error().message, StartsWith("cannot remove none: "));
}

TEST_F(PosixFolderTest, SaysThatTheDiskIsFull) {
  const auto folder = open();
  fs::create_symlink("/dev/full", path("file.tmp"));
  const auto file = *folder->create("file.tmp");
  const auto full = file->append("text");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, "cannot write file: No space left on device") << "its real name";
}

TEST_F(PosixFolderTest, SaysThatAFileMayNotBeSoLarge) {
  const auto folder = open();
  const auto file = *folder->create("file");
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const ::rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file->append(std::string(1500, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(written) << "the first write was short, the second refused";
  EXPECT_EQ(written.error().message, "cannot write file: File too large");
  EXPECT_EQ(bytes("file").size(), 1000u);
}

TEST_F(PosixFolderTest, SaysThatASyncHasFailed) {
  const auto folder = open();
  fs::create_symlink("/dev/full", path("file"));
  const auto synced = (*folder->create("file"))->sync();
  ASSERT_FALSE(synced) << "a device has nothing to sync";
  EXPECT_THAT(synced.error().message, StartsWith("cannot sync file: "));
}

TEST_F(PosixFolderTest, SaysThatItCannotBeListedWhenItIsGone) {
  const auto folder = open();
  fs::remove_all(data_);
  EXPECT_THAT(folder->list().error().message,
              AllOf(StartsWith("cannot list " + data_.string()), HasSubstr("No such file")));
}

}  // namespace
}  // namespace kv::test
