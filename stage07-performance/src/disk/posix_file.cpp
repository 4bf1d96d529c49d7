#include "disk/posix_file.hpp"

#include <fcntl.h>

#include <cstring>

namespace kv {
namespace {

class PosixFile : public File {
 public:
  PosixFile(Descriptor descriptor, int folder, std::string name)
      : descriptor_{std::move(descriptor)}, folder_{folder}, name_{std::move(name)} {
    if (name_.ends_with(temporary_suffix)) name_.resize(name_.size() - temporary_suffix.size());
  }

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {  // a write may be short
      const auto written = uninterrupted([&] {
        return ::pwrite(descriptor_.number(), bytes.data(), bytes.size(),
                        static_cast<off_t>(offset));
      });
      if (written < 0) return failure("cannot write " + name_);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::size_t> read_into(std::span<char> bytes, std::uint64_t offset) const override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto count = uninterrupted([&] {
        return ::pread(descriptor_.number(), &bytes[done], bytes.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (count < 0) return failure("cannot read " + name_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<void> truncate(std::uint64_t bytes) override {
    const auto size = static_cast<off_t>(bytes);
    if (uninterrupted([&] { return ::ftruncate(descriptor_.number(), size); }) == 0) return {};
    return failure("cannot cut " + name_);
  }

  void set_name(const std::string& name) override { name_ = name; }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(descriptor_.number(), &status) != 0) return failure("cannot look at " + name_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  /// Interrupted, it has not failed: the kernel keeps what it has not written, and tells of an
  /// error only once it has waited for the disk. So that one call, and no other, is made again.
  Result<void> sync() override {
    return syncs_.make([&]() -> Result<void> {
      if (uninterrupted([&] { return ::fdatasync(descriptor_.number()); }) == 0) return {};
      return as_final(failure("cannot sync " + name_));
    });
  }

  Result<void> check_name(const std::string& name) const override {
    struct stat own {};
    struct stat found {};
    if (::fstat(descriptor_.number(), &own) != 0) return {};
    if (::fstatat(folder_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return {};  // as when the disk fails: that is for who reads or writes
      return Error{Status::storage_failed, name + " was removed from the data folder"};
    }
    if (is_same(own, found)) return {};
    return Error{Status::storage_failed, name + " was replaced in the data folder"};
  }

 private:
  Descriptor descriptor_;
  int folder_;  // the descriptor of the folder, which is not ours
  std::string name_;
  Syncs syncs_;
};

}  // namespace

Error failure(const std::string& what) {
  const int number = errno;
  auto status = Status::storage_failed;
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) status = Status::no_space;
  if (number == EMFILE || number == ENFILE || number == ENOMEM || number == EAGAIN)
    status = Status::overloaded;
  return Error{status, what + ": " + std::strerror(number)};
}

std::unique_ptr<File> posix_file(Descriptor descriptor, int folder, std::string name) {
  return std::make_unique<PosixFile>(std::move(descriptor), folder, std::move(name));
}

}  // namespace kv
