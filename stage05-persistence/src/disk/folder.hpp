#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// The file system as the log and the snapshots need it, so thin that a test can put another in its
// place: one that loses what was not synced. Every error is of status storage_failed.

namespace kv {

/// A file that is being written.
class File {
 public:
  virtual ~File() = default;

  virtual Result<void> append(std::string_view bytes) = 0;  ///< all of them

  /// What was written is on the disk when it returns. After an error nobody knows what is: the
  /// kernel may have dropped the pages and marked them clean, so asking again proves nothing.
  virtual Result<void> sync() = 0;
};

/// A folder without folders in it. That a file was created, renamed or removed is on the disk only
/// after sync().
class Folder {
 public:
  virtual ~Folder() = default;

  /// An empty file, also where one was there.
  virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;
  virtual Result<std::string> read(const std::string& name) const = 0;  ///< the whole file
  virtual Result<std::vector<std::string>> list() const = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual Result<void> remove(const std::string& name) = 0;
  virtual Result<void> sync() = 0;

  virtual std::string path() const = 0;  ///< where it was opened, for messages
};

inline constexpr std::string_view temporary_suffix = ".tmp";  ///< of files that are not whole yet

}  // namespace kv
