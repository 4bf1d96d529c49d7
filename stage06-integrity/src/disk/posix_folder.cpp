#include "disk/posix_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/fatal_error.hpp"
#include "disk/posix_file.hpp"

namespace kv {
namespace {

FatalError cannot_start(const std::string& what) {
  return {Exit::cannot_start, failure(what).message};
}

class PosixFolder : public Folder {
 public:
  PosixFolder(Descriptor descriptor, std::string path)
      : descriptor_{std::move(descriptor)}, path_{std::move(path)} {}

  Result<std::unique_ptr<File>> create(const std::string& name) override {
    return open_file(name, O_RDWR | O_CREAT | O_TRUNC);
  }

  Result<std::unique_ptr<File>> open(const std::string& name) const override {
    return open_file(name, O_RDONLY | O_NONBLOCK);  // a pipe would wait for somebody to write
  }

  Result<std::vector<std::string>> list() const override {
    // One of its own: a descriptor that is shared shares its place in the list, too.
    Descriptor again{uninterrupted(
        [&] { return ::openat(descriptor_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    const std::unique_ptr<DIR, int (*)(DIR*)> entries{
        again.number() < 0 ? nullptr : ::fdopendir(again.number()), ::closedir};
    if (!entries) return failure("cannot list " + path_);
    again.release();
    std::vector<std::string> names;
    errno = 0;
    for (const dirent* entry; (entry = ::readdir(entries.get())) != nullptr; errno = 0) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    struct stat own {};
    if (errno == 0 && ::fstat(descriptor_.number(), &own) == 0 && own.st_nlink == 0)
      errno = ENOENT;  // the C library takes a folder that was removed for an empty one
    if (errno != 0) return failure("cannot list " + path_);
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    const int here = descriptor_.number();
    if (::renameat(here, from.c_str(), here, to.c_str()) == 0) return {};
    return failure("cannot rename " + from + " to " + to);
  }

  Result<void> remove(const std::string& name) override {
    if (::unlinkat(descriptor_.number(), name.c_str(), 0) == 0) return {};
    return failure("cannot remove " + name);
  }

  Result<void> sync() override {
    return syncs_.make([&]() -> Result<void> {
      if (uninterrupted([&] { return ::fsync(descriptor_.number()); }) == 0) return {};
      return as_final(failure("cannot sync the folder " + path_));
    });
  }

  std::string path() const override { return path_; }

  Result<void> check_path() const override {
    struct stat own {};
    struct stat found {};
    const int missing = ::stat(path_.c_str(), &found) == 0 ? 0 : errno;
    if (::fstat(descriptor_.number(), &own) != 0) return {};
    if (missing == 0 && is_same(own, found)) return {};
    if (own.st_nlink == 0) return gone("removed");
    if (missing == 0) return gone("replaced: another one is at its path");
    if (missing == ENOENT || missing == ENOTDIR) return gone("moved away: nothing is at its path");
    return {};  // as when nobody may look there any more: that says nothing about the folder
  }

  Result<void> check_writable() const override {
    if (::faccessat(descriptor_.number(), ".", W_OK | X_OK, AT_EACCESS) == 0) return {};
    return failure("cannot write into the data folder " + path_);
  }

 private:
  Error gone(const std::string& how) const {
    return Error{Status::storage_failed, "the data folder " + path_ + " was " + how};
  }

  Result<std::unique_ptr<File>> open_file(const std::string& name, int flags) const {
    Descriptor file{uninterrupted(
        [&] { return ::openat(descriptor_.number(), name.c_str(), flags | O_CLOEXEC, 0600); })};
    if (file.number() < 0) return failure("cannot open " + name);
    struct stat status {};
    if (flags & O_NONBLOCK && ::fstat(file.number(), &status) == 0 && !S_ISREG(status.st_mode))
      return Error{Status::storage_failed, name + " is not a file"};
    return posix_file(std::move(file), descriptor_.number(), name);
  }

  Descriptor descriptor_;  // of the folder itself; it carries the lock
  std::string path_;
  Syncs syncs_;
};

Descriptor open_folder(const std::string& path) {
  return Descriptor{
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
}

/// The folder, and the way to it: that it exists must survive a power loss as well. Its parent is
/// synced also when it is there already: who made it may have died before that.
void make_folder(const std::string& path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) throw cannot_start("cannot make the data folder " + path);
  const Descriptor above = open_folder(path + "/..");  // as mkdir goes: there may be links in it
  if (above.number() < 0 && !made) return;             // we may have no right to open it
  if (above.number() >= 0 && uninterrupted([&] { return ::fsync(above.number()); }) == 0) return;
  const auto error = cannot_start("cannot sync the parent of " + path);
  if (made) (void)::rmdir(path.c_str());  // else the next start might find it, and go on
  throw error;
}

}  // namespace

std::unique_ptr<Folder> open_posix_folder(const std::string& path, bool make) {
  if (make) make_folder(path);
  Descriptor folder = open_folder(path);
  if (folder.number() < 0) throw cannot_start("cannot open the data folder " + path);
  if (uninterrupted([&] { return ::flock(folder.number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) {
      throw FatalError{Exit::cannot_start,
                       failure("cannot lock the data folder " + path).message +
                           " (it must be on a file system that has flock, such as ext4 or xfs)"};
    }
    throw FatalError{Exit::cannot_start,
                     "the data folder " + path + " is in use by another process"};
  }
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file over the process's limit: an error, not the end
  struct stat status {};
  if (::fstat(folder.number(), &status) == 0 && (status.st_mode & 077) != 0) {
    spdlog::warn("others than its owner have access to the data folder {} (chmod 700 closes it)",
                 path);
  }
  return std::make_unique<PosixFolder>(std::move(folder), path);
}

}  // namespace kv
