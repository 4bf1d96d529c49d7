#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// The file system as the log and the snapshots need it, so thin that a test can put another in its
// place: one that loses what was not synced, or has no room.

namespace kv {

/// An open file. Errors: no_space and overloaded, for what may come back (may_come_back), or
/// storage_failed for everything else.
class File {
 public:
  virtual ~File() = default;

  virtual Result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;  // all of them

  /// Fills `bytes`, or as many as there are up to the end of the file.
  virtual Result<std::size_t> read_into(std::span<char> bytes, std::uint64_t offset) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Result<void> truncate(std::uint64_t bytes) = 0;  // what is beyond them goes
  virtual void set_name(const std::string& name) = 0;      // for messages: it will be renamed

  /// A short piece, in a string of its own; or up to the end.
  Result<std::string> read_at(std::uint64_t offset, std::size_t bytes) const {
    std::string read(bytes, '\0');
    const auto count = read_into(read, offset);
    if (!count) return count.error();
    read.resize(*count);
    return read;
  }

  /// What was written is on the disk when it returns. After an error nobody knows what is: the
  /// kernel may have dropped the pages and marked them clean, so asking again proves nothing, and
  /// gives the same error.
  virtual Result<void> sync() = 0;

  /// Whether it still has this name in the folder, which must live. What goes into a file that
  /// somebody has taken away is lost. (Nobody takes away one that is simulated.)
  virtual Result<void> check_name(const std::string& /*name*/) const { return {}; }
};

/// A folder without folders in it. That a file was created, renamed or removed is on the disk only
/// after sync(), whose error is for ever, as a file's.
class Folder {
 public:
  virtual ~Folder() = default;

  /// An empty file, also where one was there.
  virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;
  virtual Result<std::unique_ptr<File>> open(const std::string& name) const = 0;  // to read
  virtual Result<std::vector<std::string>> list() const = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual Result<void> remove(const std::string& name) = 0;
  virtual Result<void> sync() = 0;

  virtual std::string path() const = 0;  ///< where it was opened, for messages

  /// Whether it is still the one at its path, and whether files can be made in it.
  virtual Result<void> check_path() const { return {}; }
  virtual Result<void> check_writable() const { return {}; }
};

/// The syncs of one file or folder: one at a time, and none after one that failed. The kernel tells
/// of a loss once, and another thread, whose bytes or names it was, would hear that all is well.
class Syncs {
 public:
  template <class Sync>
  Result<void> make(Sync sync) {
    const std::lock_guard lock{mutex_};
    if (done_) done_ = sync();
    return done_;
  }

 private:
  std::mutex mutex_;  // guards done_, and is held meanwhile
  Result<void> done_;
};

/// Whether what failed for want of room, of descriptors or of memory may go well a moment later. Of
/// a sync this is never said.
inline bool may_come_back(const Error& error) {
  return error.status == Status::no_space || error.status == Status::overloaded;
}

/// The same error as one after which nobody knows what is on the disk.
inline Error as_final(const Error& error) { return {Status::storage_failed, error.message}; }

inline constexpr std::string_view temporary_suffix = ".tmp";  ///< of files that are not whole yet

}  // namespace kv
