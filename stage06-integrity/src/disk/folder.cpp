#include "disk/folder.hpp"

#include <algorithm>
#include <utility>

namespace kv {

Result<std::string> File::read_at(std::uint64_t offset, std::size_t bytes) const {
  std::string read(bytes, '\0');
  const auto count = read_into(read, offset);
  if (!count) return count.error();
  read.resize(*count);
  return read;
}

Result<void> replace_whole(Folder& folder, const std::string& name,
                           const std::function<Result<void>(File&)>& write) {
  const std::string temporary = name + std::string{temporary_suffix};
  auto file = folder.create(temporary);
  if (!file) return file.error();
  auto done = write(**file);
  if (done) done = (*file)->sync();
  if (done) done = folder.rename(temporary, name);
  if (!done) {
    (void)folder.remove(temporary);  // if it stays, the next start removes it
    return done;
  }
  if (auto synced = folder.sync(); !synced) {  // no_space would say that nothing has happened
    return Error{Status::storage_failed, synced.error().message};
  }
  return {};
}

Result<void> write_whole(Folder& folder, const std::string& name, std::string_view bytes) {
  return replace_whole(folder, name, [bytes](File& file) { return file.write_at(0, bytes); });
}

Result<void> copy_bytes(const File& from, std::uint64_t begin, std::uint64_t end, File& to,
                        std::uint64_t at) {
  constexpr std::uint64_t piece_bytes = 1024 * 1024;
  while (begin < end) {
    const auto piece = from.read_at(begin, std::min(piece_bytes, end - begin));
    if (!piece) return piece.error();
    if (piece->empty()) return Error{Status::storage_failed, "a file became shorter meanwhile"};
    if (auto written = to.write_at(at, *piece); !written) return written;
    begin += piece->size();
    at += piece->size();
  }
  return {};
}

}  // namespace kv
