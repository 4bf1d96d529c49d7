#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"

// What a data folder holds, and what its files are called:
//
//   MANIFEST             manifest.hpp
//   wal-<LSN>.log        a segment of the log, by its first LSN, in 20 digits (log_format.hpp)
//   wal-next.tmp         the next one, not begun yet
//   snapshot-<LSN>.kv    up to this LSN (snapshot.hpp)
//   snapshot.tmp         one that is being written
//   NAME.torn-<offset>   what a start has cut off from a segment, or set aside
//   NAME.tmp             a manifest, a segment or what is torn off one, not whole yet
//
// A file with any other name is somebody else's, and is left alone.

namespace kv {

inline constexpr const char* manifest_name = "MANIFEST";
inline constexpr const char* next_segment_name = "wal-next.tmp";
inline constexpr const char* snapshot_temporary_name = "snapshot.tmp";

std::string segment_name(Lsn first_lsn);
std::string snapshot_name(Lsn lsn);

/// The LSN in the name of a segment, or of a snapshot; nullopt: it is not the name of one.
std::optional<Lsn> segment_first_lsn(const std::string& name);
std::optional<Lsn> snapshot_lsn(const std::string& name);

struct DataFiles {
  bool has_manifest = false;
  std::map<Lsn, std::string> segments;   ///< by their first LSN
  std::map<Lsn, std::string> snapshots;  ///< by their LSN
  std::vector<std::string> temporaries;  ///< of ours, that were not whole yet
  std::set<std::string> names;           ///< of all files

  bool has_data() const { return has_manifest || !segments.empty() || !snapshots.empty(); }
};

/// Error: the folder cannot be listed.
Result<DataFiles> list_data_files(const Folder& folder);

/// The name under which bytes of a file, from an offset on, are kept beside it: one that is free.
std::string torn_name(const DataFiles& files, const std::string& name, std::uint64_t offset);

}  // namespace kv
