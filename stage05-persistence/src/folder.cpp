#include "folder.hpp"

#include <utility>

namespace kv {

Result<void> write_whole(Folder& folder, const std::string& name, std::string_view bytes) {
  const std::string temporary = name + std::string{temporary_suffix};
  auto file = folder.create(temporary);
  if (!file) return file.error();
  if (auto written = (*file)->write_at(0, bytes); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = folder.rename(temporary, name); !renamed) return renamed;
  if (auto synced = folder.sync(); !synced) {  // no_space would say that nothing has happened
    return Error{Status::storage_failed, synced.error().message};
  }
  return {};
}

Result<std::string> read_whole(const Folder& folder, const std::string& name) {
  const auto file = folder.open(name);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  return (*file)->read_at(0, *size);
}

}  // namespace kv
