#include "posix_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include "start_error.hpp"

namespace kv {
namespace {

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

 private:
  int number_;
};

Error failure(const std::string& what) {
  const int number = errno;
  auto status = Status::storage_failed;
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) status = Status::no_space;
  if (number == EMFILE || number == ENFILE || number == ENOMEM || number == EAGAIN)
    status = Status::overloaded;
  return Error{status, what + ": " + std::strerror(number)};
}

class PosixFile : public File {
 public:
  PosixFile(Descriptor descriptor, std::string name)
      : descriptor_{std::move(descriptor)}, name_{std::move(name)} {
    if (name_.ends_with(temporary_suffix)) name_.resize(name_.size() - temporary_suffix.size());
  }

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {  // a write may be short
      const auto written =
          ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("cannot write " + name_);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::size_t> read_into(std::span<char> bytes, std::uint64_t offset) const override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto count = ::pread(descriptor_.number(), &bytes[done], bytes.size() - done,
                                 static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure("cannot read " + name_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<void> truncate(std::uint64_t bytes) override {
    while (::ftruncate(descriptor_.number(), static_cast<off_t>(bytes)) != 0) {
      if (errno != EINTR) return failure("cannot cut " + name_);
    }
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_.number(), &status) != 0) return failure("cannot look at " + name_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  void set_name(const std::string& name) override { name_ = name; }

  Result<void> sync() override {
    if (::fdatasync(descriptor_.number()) == 0) return {};
    return Error{Status::storage_failed,
                 failure("cannot sync " + name_).message};  // whatever it was
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
    return open_file(name, O_RDWR | O_CREAT | O_TRUNC);
  }

  Result<std::unique_ptr<File>> open(const std::string& name) const override {
    return open_file(name, O_RDONLY | O_NONBLOCK);  // a pipe would wait for somebody to write
  }

  Result<std::vector<std::string>> list() const override {
    std::vector<std::string> names;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry{path_, failed}, end; !failed && entry != end;
         entry.increment(failed)) {
      names.push_back(entry->path().filename().string());
    }
    if (failed)
      return Error{Status::storage_failed, "cannot list " + path_ + ": " + failed.message()};
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    const int here = descriptor_.number();
    if (::renameat(here, from.c_str(), here, to.c_str()) != 0)
      return failure("cannot rename " + from + " to " + to);
    return {};
  }

  Result<void> remove(const std::string& name) override {
    if (::unlinkat(descriptor_.number(), name.c_str(), 0) != 0)
      return failure("cannot remove " + name);
    return {};
  }

  Result<void> sync() override {
    if (::fsync(descriptor_.number()) == 0) return {};
    return Error{Status::storage_failed,
                 failure("cannot sync the folder " + path_).message};  // whatever it was
  }

 private:
  Result<std::unique_ptr<File>> open_file(const std::string& name, int flags) const {
    Descriptor file{::openat(descriptor_.number(), name.c_str(), flags | O_CLOEXEC, 0600)};
    if (file.number() < 0) return failure("cannot open " + name);
    struct stat status {};
    if (flags & O_NONBLOCK && ::fstat(file.number(), &status) == 0 && !S_ISREG(status.st_mode))
      return Error{Status::storage_failed, name + " is not a file"};
    std::unique_ptr<File> opened = std::make_unique<PosixFile>(std::move(file), name);
    return opened;
  }

  Descriptor descriptor_;  // of the folder itself; it carries the lock
  std::string path_;
};

/// The folder, and the way to it: that it exists must survive a power loss as well. So its parent
/// is synced also when it is there already: who made it may have died before that.
void make_folder(const std::string& path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    throw StartError{Exit::cannot_start, failure("cannot make the data folder " + path).message};
  }
  auto folder = std::filesystem::absolute(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "x/" is x
  const auto parent = folder.parent_path();
  const Descriptor above{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const bool synced = above.number() >= 0 && ::fsync(above.number()) == 0;
  if (made && !synced) {
    throw StartError{Exit::cannot_start, failure("cannot sync " + parent.string()).message};
  }
}

}  // namespace

std::unique_ptr<Folder> open_posix_folder(const std::string& path, bool make) {
  if (make) make_folder(path);
  Descriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.number() < 0) {
    throw StartError{Exit::cannot_start, failure("cannot open the data folder " + path).message};
  }
  if (::flock(folder.number(), LOCK_EX | LOCK_NB) != 0) {
    throw StartError{Exit::cannot_start,
                     "the data folder " + path + " is in use by another process"};
  }
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file over the process's limit: an error, not the end
  struct stat status {};
  if (::fstat(folder.number(), &status) == 0 && (status.st_mode & 077) != 0) {
    spdlog::warn("others than its owner have access to the data folder {} (chmod 700 closes it)",
                 path);
  }
  if (make && ::faccessat(folder.number(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    throw StartError{Exit::cannot_start,
                     failure("cannot write into the data folder " + path).message};
  }
  return std::make_unique<PosixFolder>(std::move(folder), path);
}

}  // namespace kv
