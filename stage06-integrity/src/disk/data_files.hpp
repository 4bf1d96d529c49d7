#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"

namespace kv {

/// What is in a data folder, by its name. A file with any other name is somebody else's, and is
/// left alone.
struct DataFiles {
  bool has_manifest = false;
  std::map<Lsn, std::string> segments;   ///< by their first LSN
  std::map<Lsn, std::string> snapshots;  ///< by their LSN
  std::vector<std::string> temporaries;  ///< of ours, that were not whole yet
  std::set<std::string> names;           ///< of all files

  bool has_data() const { return has_manifest || !segments.empty() || !snapshots.empty(); }
};

/// Throws StartError(cannot_start) when the folder cannot be listed or one of them is no file that
/// can be read, StartError(damaged) for an LSN that no log comes to.
DataFiles list_data_files(const Folder& folder);

/// The name under which bytes of a file, from an offset on, are kept beside it: one that is free.
std::string torn_name(const DataFiles& files, const std::string& name, std::uint64_t offset);

}  // namespace kv
