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
#include "captured_log.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
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

TEST_F(PosixFolderTest, IsTakenAsItIsWithAWarningWhenOthersHaveAccess) {
  for (const unsigned mode : {0755u, 0750u, 0701u, 0700u}) {
    ASSERT_EQ(::mkdir(data_.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(data_.c_str(), mode), 0);
    const CapturedLog captured;
    (void)open();
    if (mode == 0700u) {
      EXPECT_THAT(captured.text(), IsEmpty());
    } else {
      EXPECT_THAT(captured.text(),
                  HasSubstr("others than its owner have access to the data folder"));
    }
    EXPECT_EQ(mode_of(data_), mode);
    fs::remove(data_);
  }
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

TEST_F(PosixFolderTest, SaysWhetherItCanBeWritten) {
  const auto folder = open();
  EXPECT_TRUE(folder->check_writable());
  ASSERT_EQ(::chmod(data_.c_str(), 0500), 0);
  const ::uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? 65534 : user), 0);  // root may write anywhere
  const auto writable = folder->check_writable();
  ASSERT_EQ(::seteuid(user), 0);
  ASSERT_FALSE(writable);
  EXPECT_EQ(writable.error().message,
            "cannot write into the data folder " + data_.string() + ": Permission denied");
}

// --- one handle for all ---

class MovedFolder : public PosixFolderTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE((*folder_->create("own"))->write_at(0, "own"));
    fs::rename(data_, moved_);
  }

  const std::unique_ptr<Folder> folder_ = open();
  const fs::path moved_ = temporary_.path() / "moved";
};

TEST_F(MovedFolder, ListsItsOwnFilesAndNotThoseAtItsPath) {
  const auto names = [&] {
    const auto listed = folder_->list();
    return listed ? *listed : std::vector<std::string>{listed.error().message};
  };
  EXPECT_THAT(names(), UnorderedElementsAre("own"));
  fs::create_directory(data_);
  std::ofstream{path("foreign")} << "foreign";
  EXPECT_THAT(names(), UnorderedElementsAre("own"));
  ASSERT_TRUE(folder_->create("new"));
  EXPECT_THAT(names(), UnorderedElementsAre("own", "new")) << "from the beginning again";
}

TEST_F(MovedFolder, ChangesItsOwnFilesAndNotThoseAtItsPath) {
  fs::create_directory(data_);
  for (const char* name : {"own", "other"}) std::ofstream{path(name)} << "foreign";
  ASSERT_TRUE(folder_->create("other") && folder_->rename("own", "other"));
  ASSERT_TRUE(folder_->create("own") && folder_->remove("own"));
  EXPECT_EQ(*(*folder_->open("other"))->read_at(0, 100), "own");
  EXPECT_EQ(bytes("own"), "foreign");
  EXPECT_EQ(bytes("other"), "foreign");
}

TEST_F(MovedFolder, SaysThatItIsNotAtItsPathAnyMore) {
  const std::string words = "the data folder " + data_.string() + " was ";
  EXPECT_EQ(folder_->check_path().error().message, words + "moved away: nothing is at its path");
  std::ofstream{data_} << "a file";
  EXPECT_EQ(folder_->check_path().error().message, words + "replaced: another one is at its path");
  fs::remove(data_);
  fs::create_directory(data_);
  EXPECT_EQ(folder_->check_path().error().message, words + "replaced: another one is at its path");
  fs::remove_all(moved_);
  EXPECT_EQ(folder_->check_path().error().message, words + "removed");
  fs::remove(data_);
  EXPECT_EQ(folder_->check_path().error().message, words + "removed");
}

TEST_F(MovedFolder, IsAtItsPathAgainWhenItIsMovedBack) {
  fs::create_directory_symlink(moved_, data_);
  EXPECT_TRUE(folder_->check_path()) << "a link leads to it";
  fs::remove(data_);
  fs::rename(moved_, data_);
  EXPECT_TRUE(folder_->check_path());
}

TEST_F(PosixFolderTest, SaysWhetherAFileStillHasItsName) {
  const auto folder = open();
  const auto file = *folder->create("name.tmp");
  ASSERT_TRUE(folder->rename("name.tmp", "name"));
  EXPECT_TRUE(file->check_name("name"));
  fs::rename(path("name"), path("other"));
  EXPECT_EQ(file->check_name("name").error().message, "name was removed from the data folder");
  std::ofstream{path("name")} << "another";
  EXPECT_EQ(file->check_name("name").error().message, "name was replaced in the data folder");
  fs::rename(path("other"), path("name"));
  EXPECT_TRUE(file->check_name("name"));
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

TEST_F(PosixFolderTest, GivesBackWhatWasWrittenAnywhere) {
  const auto folder = open();
  const auto file = *folder->create("file");
  ASSERT_TRUE(file->write_at(0, "0123456789"));
  ASSERT_TRUE(file->write_at(3, "abc"));
  ASSERT_TRUE(file->write_at(12, "end"));
  EXPECT_EQ(bytes("file"), std::string("012abc6789\0\0end", 15));
  const auto reader = *folder->open("file");
  EXPECT_EQ(*reader->size(), 15u);
  EXPECT_EQ(*reader->read_at(3, 3), "abc");
}

TEST_F(PosixFolderTest, ReadsUpToTheEnd) {
  const auto folder = open();
  const auto file = *folder->create("file");
  ASSERT_TRUE(file->write_at(0, "text"));
  EXPECT_EQ(*file->read_at(2, 100), "xt");
  EXPECT_EQ(*file->read_at(4, 100), "");
  EXPECT_EQ(*file->read_at(100, 100), "");
  EXPECT_EQ(*file->read_at(0, 0), "");
}

TEST_F(PosixFolderTest, EmptiesAFileThatIsMadeAgain) {
  const auto folder = open();
  ASSERT_TRUE((*folder->create("file"))->write_at(0, "old"));
  ASSERT_TRUE(folder->create("file"));
  EXPECT_EQ(bytes("file"), "");
}

TEST_F(PosixFolderTest, ListsRenamesAndRemoves) {
  const auto folder = open();
  ASSERT_TRUE((*folder->create("a"))->write_at(0, "A"));
  ASSERT_TRUE(folder->create("b") && folder->create("c"));
  EXPECT_TRUE(folder->rename("a", "b") && folder->remove("c"));
  EXPECT_THAT(*folder->list(), UnorderedElementsAre("b"));
  EXPECT_EQ(bytes("b"), "A");
}

TEST_F(PosixFolderTest, OpensNothingButFiles) {
  const auto folder = open();
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(fs::create_directory(path("folder")));
  for (const char* name : {"pipe", "folder"}) {
    const auto opened = folder->open(name);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, name + std::string{" is not a file"});
  }
}

TEST_F(PosixFolderTest, SyncsFilesAndItself) {
  const auto folder = open();
  const auto file = *folder->create("file");
  EXPECT_TRUE(file->write_at(0, "text") && file->sync() && folder->sync());
}

// --- errors ---

TEST_F(PosixFolderTest, SaysWhatCannotBeDoneToWhat) {
  const auto folder = open();
  EXPECT_EQ(folder->open("none").error().message, "cannot open none: No such file or directory");
  EXPECT_THAT(folder->rename("none", "other").error().message,
              StartsWith("cannot rename none to other: "));
  EXPECT_THAT(folder->remove("none").error().message, StartsWith("cannot remove none: "));
  EXPECT_EQ(folder->remove("none").error().status, Status::storage_failed);
}

TEST_F(PosixFolderTest, SaysThatTheDiskIsFull) {
  const auto folder = open();
  fs::create_symlink("/dev/full", path("file.tmp"));
  const auto file = *folder->create("file.tmp");
  const auto full = file->write_at(0, "text");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().status, Status::no_space);
  EXPECT_EQ(full.error().message, "cannot write file: No space left on device") << "its real name";
}

TEST_F(PosixFolderTest, SaysThatAFileMayNotBeSoLarge) {
  const auto folder = open();
  const auto file = *folder->create("file");
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const ::rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = file->write_at(0, std::string(1500, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(written) << "the first write was short, the second refused";
  EXPECT_EQ(written.error().status, Status::no_space);
  EXPECT_EQ(written.error().message, "cannot write file: File too large");
  EXPECT_EQ(bytes("file").size(), 1000u);
}

/// It may come back, as room does.
TEST_F(PosixFolderTest, SaysThatNoDescriptorIsLeft) {
  const auto folder = open();
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const ::rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto made = folder->create("file");
  const auto listed = folder->list();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(!made && !listed);
  EXPECT_EQ(made.error().message, "cannot open file: Too many open files");
  for (const auto& error : {made.error(), listed.error()})
    EXPECT_EQ(error.status, Status::overloaded) << error.message;
}

TEST_F(PosixFolderTest, SaysThatASyncHasFailedAndNeverThatThereIsNoSpace) {
  const auto folder = open();
  fs::create_symlink("/dev/full", path("file"));
  const auto synced = (*folder->create("file"))->sync();
  ASSERT_FALSE(synced) << "a device has nothing to sync";
  EXPECT_EQ(synced.error().status, Status::storage_failed);
  EXPECT_THAT(synced.error().message, StartsWith("cannot sync file: "));
}

TEST_F(PosixFolderTest, SaysThatItCannotWriteWhatWasOpenedToRead) {
  const auto folder = open();
  ASSERT_TRUE(folder->create("file"));
  const auto written = (*folder->open("file"))->write_at(0, "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().status, Status::storage_failed);
}

TEST_F(PosixFolderTest, SaysThatItCannotBeListedWhenItIsGone) {
  const auto folder = open();
  fs::remove_all(data_);
  EXPECT_THAT(folder->list().error().message,
              AllOf(StartsWith("cannot list " + data_.string()), HasSubstr("No such file")));
}

}  // namespace
}  // namespace kv::test
