#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "folder.hpp"
#include "record.hpp"

// The files of segments: making one, with its zeros, and listing them.

namespace kv {

/// Makes the segment's file, with its header and `reserve_bytes` zeros after it, and then the
/// manifest that names it; all of it is on the disk when it returns. Error no_space: it is not
/// there. Any other: it may be.
Result<std::unique_ptr<File>> create_segment(Folder& folder, const SegmentHeader& header,
                                             std::uint64_t reserve_bytes);

/// All bytes of a segment's file. Throws StartError: it cannot be read, or is longer than any.
std::string read_segment_file(const Folder& folder, const std::string& name);

/// The names of all segments by their first LSN.
Result<std::map<Lsn, std::string>> list_segments(const Folder& folder);

/// Writes zeros from one offset up to another.
Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to);

}  // namespace kv
