#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"

// The files of segments: making one, with its zeros, listing and opening them.

namespace kv {

inline constexpr const char* next_segment_name = "wal-next.tmp";  ///< of one that is not begun yet

/// Makes the file of the next segment: room for its header, and `reserve_bytes` zeros after that.
/// All of it is on the disk when it returns, under next_segment_name; an error leaves no file.
Result<std::unique_ptr<File>> create_next_segment(Folder& folder, std::uint64_t reserve_bytes);

/// Begins that segment: it has its header, and then its name; both are on the disk when it returns.
/// Error may_come_back: it has no name yet, and this may be tried again. Any other: who knows.
Result<void> begin_next_segment(Folder& folder, File& file, const SegmentHeader& header);

/// Opens a segment to read it. Throws StartError: it cannot be read, or is longer than any.
std::unique_ptr<File> open_segment_file(const Folder& folder, const std::string& name);

/// The header of a segment. Error: it is damaged, or of a version that is not known. Throws as
/// open_segment_file.
Result<SegmentHeader> read_header_of(const Folder& folder, const std::string& name);

/// The names of all segments by their first LSN.
Result<std::map<Lsn, std::string>> list_segments(const Folder& folder);

/// Writes zeros from one offset up to another.
Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to);

}  // namespace kv
