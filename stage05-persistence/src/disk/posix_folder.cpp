#include "disk/posix_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/fatal_error.hpp"

namespace kv {
namespace {

/// Makes a system call until no signal has come in between. A sync that is interrupted has not
/// failed: the kernel keeps what it has not written. So that one call, and no other, is made again.
template <class Call>
auto uninterrupted(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

/// What has just failed, as errno says.
Error failure(const std::string& what) {
  return {Status::storage_failed, what + ": " + std::strerror(errno)};
}

FatalError cannot_start(const std::string& what) {
  return {Exit::cannot_start, failure(what).message};
}

/// A file descriptor that is closed at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&&) = delete;
  int number() const { return number_; }
  void release() { number_ = -1; }  ///< somebody else closes it

 private:
  int number_;
};

class PosixFile : public File {
 public:
  PosixFile(Descriptor descriptor, std::string name)
      : descriptor_{std::move(descriptor)}, name_{std::move(name)} {
    if (name_.ends_with(temporary_suffix)) name_.resize(name_.size() - temporary_suffix.size());
  }

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {  // a write may be short
      const auto written =
          uninterrupted([&] { return ::write(descriptor_.number(), bytes.data(), bytes.size()); });
      if (written < 0) return failure("cannot write " + name_);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    if (uninterrupted([&] { return ::fdatasync(descriptor_.number()); }) == 0) return {};
    return failure("cannot sync " + name_);
  }

 private:
  Descriptor descriptor_;
  std::string name_;
};

class PosixFolder : public Folder {
 public:
  PosixFolder(Descriptor descriptor, std::string path)
      : descriptor_{std::move(descriptor)}, path_{std::move(path)} {}

  Result<std::unique_ptr<File>> create(const std::string& name) override {
    auto file = open(name, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.number() < 0) return failure("cannot create " + name);
    return std::unique_ptr<File>{std::make_unique<PosixFile>(std::move(file), name)};
  }

  Result<std::string> read(const std::string& name) const override {
    const auto file = open(name, O_RDONLY | O_NONBLOCK);  // a pipe would wait for a writer
    if (file.number() < 0) return failure("cannot open " + name);
    struct stat status {};
    if (::fstat(file.number(), &status) == 0 && !S_ISREG(status.st_mode))
      return Error{Status::storage_failed, name + " is not a file"};
    std::string bytes, piece(64 * 1024, '\0');
    while (true) {
      const auto count =
          uninterrupted([&] { return ::read(file.number(), piece.data(), piece.size()); });
      if (count < 0) return failure("cannot read " + name);
      if (count == 0) return bytes;
      bytes.append(piece, 0, static_cast<std::size_t>(count));
    }
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
    if (uninterrupted([&] { return ::fsync(descriptor_.number()); }) == 0) return {};
    return failure("cannot sync the folder " + path_);
  }

  std::string path() const override { return path_; }

 private:
  Descriptor open(const std::string& name, int flags) const {
    return Descriptor{uninterrupted(
        [&] { return ::openat(descriptor_.number(), name.c_str(), flags | O_CLOEXEC, 0600); })};
  }

  Descriptor descriptor_;  // of the folder itself; it carries the lock
  std::string path_;
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
    if (errno != EWOULDBLOCK) throw cannot_start("cannot lock the data folder " + path);
    throw FatalError{Exit::cannot_start,
                     "the data folder " + path + " is in use by another process"};
  }
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file over the process's limit: an error, not the end
  return std::make_unique<PosixFolder>(std::move(folder), path);
}

}  // namespace kv
