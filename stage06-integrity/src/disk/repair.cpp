#include <algorithm>

#include "disk/manifest.hpp"
#include "disk/recovery.hpp"
#include "disk/temporary_file.hpp"

namespace kv {
namespace {

/// Writes the bytes from `begin` up to `end` to the beginning of another file.
Result<void> copy_bytes(const File& from, std::uint64_t begin, std::uint64_t end, File& to) {
  constexpr std::uint64_t piece_bytes = 1024 * 1024;
  for (std::uint64_t done = 0; begin + done < end;) {
    const auto piece = from.read_at(begin + done, std::min(piece_bytes, end - begin - done));
    if (!piece) return piece.error();
    if (piece->empty()) return Error{Status::storage_failed, "a file became shorter meanwhile"};
    if (auto written = to.write_at(done, *piece); !written) return written;
    done += piece->size();
  }
  return {};
}

/// The segment's valid part, in a new file, and what is cut off in another.
Result<void> rewrite(Folder& folder, const Recovered& found, Segment& segment) {
  const auto name = segment_name(segment.header.first_lsn);
  const auto file = folder.open(name);
  if (!file) return file.error();
  const auto copy = [&](std::uint64_t begin, std::uint64_t end) {
    return [&file, begin, end](File& to) { return copy_bytes(**file, begin, end, to); };
  };
  const auto end = segment.end_offset;
  const bool is_torn = segment.used_bytes > end;
  const auto torn = torn_name(found.files, name, end);
  Result<void> done;
  if (is_torn) done = replace_whole(folder, torn, copy(end, segment.used_bytes));
  if (done) {
    done = replace_whole(folder, name, copy(0, end));
    if (!done && is_torn && may_come_back(done.error()))
      (void)folder.remove(torn);  // or each start without room would keep one more
  }
  if (done) segment.used_bytes = end;
  return done;
}

}  // namespace

Result<void> repair_folder(Folder& folder, Recovered& found) {
  auto& temporaries = found.files.temporaries;
  auto& set_aside = found.set_aside;
  for (; !temporaries.empty(); temporaries.pop_back()) {
    if (auto removed = folder.remove(temporaries.back()); !removed) return removed;
  }
  for (; !set_aside.empty(); set_aside.pop_back()) {
    const auto& name = set_aside.back();
    if (auto moved = folder.rename(name, torn_name(found.files, name, 0)); !moved) return moved;
  }
  if (auto synced = folder.sync(); !synced) return synced;
  if (found.clean || found.segments.empty()) return {};
  Segment& last = found.segments.back();
  if (auto rewritten = rewrite(folder, found, last); !rewritten) return rewritten;
  if (last.header.first_lsn > found.named_segment) {  // at most one may be newer than the manifest
    const Manifest named{.store = found.store, .newest_segment = last.header.first_lsn};
    if (auto written = write_manifest(folder, named); !written) return written;
  }
  found.clean = true;
  return {};
}

}  // namespace kv
