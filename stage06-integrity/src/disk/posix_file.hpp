#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "disk/folder.hpp"

// Files on a real disk, and what they share with the folder that they are in.

namespace kv {

/// Makes a system call until no signal has come in between.
template <class Call>
auto uninterrupted(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
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
  void release() { number_ = -1; }  // somebody else closes it

 private:
  int number_;
};

/// What has just failed, as errno says.
Error failure(const std::string& what);

inline bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// A file of the folder that has this descriptor, under this name or for now a temporary one.
std::unique_ptr<File> posix_file(Descriptor descriptor, int folder, std::string name);

}  // namespace kv
