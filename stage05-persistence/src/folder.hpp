#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "result.hpp"

// The file system as the log and the snapshots need it, so thin that a test can put another in its
// place: one that loses what was not synced, or has no room.

namespace kv {

/// An open file. Errors: no_space, or storage_failed for everything else.
class File {
 public:
  virtual ~File() = default;

  virtual Result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;  // all of them
  virtual Result<std::string> read_at(std::uint64_t offset,
                                      std::size_t bytes) const = 0;  // or up to the end
  virtual Result<std::uint64_t> size() const = 0;

  /// What was written is on the disk when it returns. After an error nobody knows what is: the
  /// kernel may have dropped the pages and marked them clean, so asking again proves nothing.
  virtual Result<void> sync() = 0;

  /// Whether it still has this name in the folder, which must live. What goes into a file that
  /// somebody has taken away is lost. (Nobody takes away one that is simulated.)
  virtual Result<void> check_name(const std::string& /*name*/) const { return {}; }
};

/// A folder without folders in it. That a file was created, renamed or removed is on the disk only
/// after sync().
class Folder {
 public:
  virtual ~Folder() = default;

  virtual Result<std::unique_ptr<File>> create(
      const std::string& name) = 0;  // empty, also if it was there
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

/// Writes a whole file so that it is there, on the disk, with all its bytes or not at all: under a
/// temporary name, synced, renamed, the folder synced.
Result<void> write_whole(Folder& folder, const std::string& name, std::string_view bytes);

/// All bytes of a file.
Result<std::string> read_whole(const Folder& folder, const std::string& name);

inline constexpr std::string_view temporary_suffix = ".tmp";  ///< of files that are not whole yet

}  // namespace kv
