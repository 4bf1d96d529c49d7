#include "folder_watch.hpp"

#include <sys/stat.h>

#include <system_error>
#include <utility>

namespace kv::bench {
namespace {

namespace fs = std::filesystem;

// false: it is gone.
bool look_at(const fs::path& path, struct stat& status) {
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace

std::uint64_t folder_bytes(const fs::path& folder) {
  constexpr std::uint64_t block_bytes = 512;  // whatever the file system's are
  std::uint64_t bytes = 0;
  std::error_code gone;
  for (fs::recursive_directory_iterator entry{folder, gone}, end; !gone && entry != end;
       entry.increment(gone)) {
    struct stat status {};
    if (look_at(entry->path(), status))
      bytes += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
  }
  return bytes;
}

bool SegmentWatch::changing() {
  Seen now = look();
  for (const auto& name : now.names) {
    if (name.ends_with(".log")) segments_.insert(name);
  }
  return std::exchange(seen_, now) != now;
}

SegmentWatch::Seen SegmentWatch::look() const {
  Seen seen;
  timespec last{};
  std::error_code gone;
  for (fs::directory_iterator entry{data_, gone}, end; !gone && entry != end;
       entry.increment(gone)) {
    const std::string name = entry->path().filename().string();
    struct stat status {};
    if (!look_at(entry->path(), status)) continue;
    if (name == "MANIFEST") seen.manifest = status.st_ino;
    if (!name.starts_with("wal-")) continue;
    seen.names.insert(name);
    const auto& time = status.st_mtim;
    if (std::pair{time.tv_sec, time.tv_nsec} >= std::pair{last.tv_sec, last.tv_nsec}) {
      last = time;
      seen.written = name;
    }
  }
  return seen;
}

}  // namespace kv::bench
