#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

namespace kv::bench {

/// What a folder with all that is in it takes on the disk. What vanishes meanwhile counts nothing.
std::uint64_t folder_bytes(const std::filesystem::path& folder);

/// Tells from outside when stage 7's log goes on in another segment.
class SegmentWatch {
 public:
  explicit SegmentWatch(std::filesystem::path data) : data_{std::move(data)} { (void)changing(); }

  /// Whether since the last call a segment was made, renamed or removed, another manifest written,
  /// or another segment written to than before. To be called often.
  bool changing();

  /// Segments begun since the first look, at which there was one.
  std::size_t changes() const { return segments_.empty() ? 0 : segments_.size() - 1; }

 private:
  struct Seen {
    std::set<std::string> names;  // of segments, whole or not
    ino_t manifest = 0;
    std::string written;  // the segment that was written to last
    bool operator==(const Seen&) const = default;
  };
  Seen look() const;

  const std::filesystem::path data_;
  Seen seen_;
  std::set<std::string> segments_;  // that there ever were
};

}  // namespace kv::bench
