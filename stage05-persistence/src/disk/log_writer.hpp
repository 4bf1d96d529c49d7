#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"

namespace kv {

/// Writes a log, or a snapshot, from its beginning. It has a temporary name until it is published,
/// so under its own name it is there with all that was in it then, or not at all. The folder must
/// outlive it. After an error it is of no use any more.
class LogWriter {
 public:
  static Result<LogWriter> create(Folder& folder, const std::string& name, const Magic& magic,
                                  Lsn first_lsn);

  /// Writes a group; `group` begins with room for its header, and next_lsn - first_lsn records
  /// follow.
  Result<void> add(GroupType type, Lsn first_lsn, Lsn next_lsn, std::string group = empty_group());

  Result<void> sync() { return file_->sync(); }

  /// Gives it its name, all on the disk when it returns: the bytes first, then the name.
  Result<void> publish();

  Lsn first_lsn() const { return header_.first_lsn; }
  std::uint64_t bytes() const { return offset_; }

 private:
  LogWriter(Folder& folder, std::string name, const FileHeader& header, std::unique_ptr<File> file)
      : folder_{&folder}, name_{std::move(name)}, header_{header}, file_{std::move(file)} {}

  Folder* folder_;
  std::string name_;
  FileHeader header_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = sizeof(FileHeader);
};

}  // namespace kv
