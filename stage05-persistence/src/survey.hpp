#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data_files.hpp"
#include "folder.hpp"
#include "manifest.hpp"
#include "segment.hpp"
#include "snapshot.hpp"

namespace kv {

/// What a data folder holds, and what a start makes of it. Looking changes nothing.
struct Survey {
  DataFiles files;
  bool is_new = false;  ///< there is no data: everything is still to be made
  StoreId store = {};
  std::vector<Segment> segments;       ///< in order, up to the last one that counts
  std::optional<Snapshot> snapshot;    ///< to start from; none: the log has everything
  Position end;                        ///< of the log
  bool clean = false;                  ///< the last stop was in order, and nothing came after it
  std::vector<std::string> set_aside;  ///< --recover=truncate: files after the damage
  std::vector<std::string> warnings;   ///< damage that costs nothing
};

/// Reads everything and checks all of it. Throws StartError(damaged) when the data is not a prefix
/// of what it was that holds everything known to have been durable: names the file, the offset and
/// the reason. With `truncate` the prefix before the damage is enough.
Survey survey_folder(const Folder& folder, bool truncate);

}  // namespace kv
