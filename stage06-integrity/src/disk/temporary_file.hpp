#pragma once

#include <functional>
#include <memory>
#include <string>

#include "disk/folder.hpp"

namespace kv {

/// A file that has a temporary name until it is published. So under its own name it is there, on
/// the disk, with all its bytes, or not at all; and if it is not published, nothing of it is left
/// behind. The folder must outlive it.
class TemporaryFile {
 public:
  /// An empty file; `name` is the temporary one.
  static Result<TemporaryFile> create(Folder& folder, std::string name);
  TemporaryFile(TemporaryFile&&) = default;
  ~TemporaryFile();

  const std::shared_ptr<File>& file() const { return file_; }  ///< shared with who syncs it

  /// Gives it its name: the bytes are synced, then it is renamed, then the folder is synced. Error
  /// may_come_back: it has the temporary name still. Any other: it may have either.
  Result<void> publish(const std::string& name);

 private:
  TemporaryFile(Folder& folder, std::string name, std::shared_ptr<File> file)
      : folder_{&folder}, name_{std::move(name)}, file_{std::move(file)} {}

  Folder* folder_;
  std::string name_;            // while it is temporary, else empty
  std::shared_ptr<File> file_;  // null: moved from
};

/// Has a new file of that name, which may replace one; `write` fills it.
Result<void> replace_whole(Folder& folder, const std::string& name,
                           const std::function<Result<void>(File&)>& write);

}  // namespace kv
