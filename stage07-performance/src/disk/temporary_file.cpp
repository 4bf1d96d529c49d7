#include "disk/temporary_file.hpp"

#include <utility>

namespace kv {

Result<TemporaryFile> TemporaryFile::create(Folder& folder, std::string name) {
  auto file = folder.create(name);
  if (!file) return file.error();
  return TemporaryFile{folder, std::move(name), std::move(*file)};
}

TemporaryFile::~TemporaryFile() {
  if (file_ && !name_.empty()) (void)folder_->remove(name_);  // if it stays, the next start does it
}

Result<void> TemporaryFile::publish(const std::string& name) {
  auto done = file_->sync();
  if (done) done = folder_->rename(name_, name);
  if (!done) return done;
  name_.clear();
  auto synced = folder_->sync();
  return synced ? synced : as_final(synced.error());
}

Result<void> replace_whole(Folder& folder, const std::string& name,
                           const std::function<Result<void>(File&)>& write) {
  auto temporary = TemporaryFile::create(folder, name + std::string{temporary_suffix});
  if (!temporary) return temporary.error();
  auto written = write(*temporary->file());
  return written ? temporary->publish(name) : written;
}

}  // namespace kv
