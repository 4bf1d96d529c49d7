#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "disk/data_files.hpp"
#include "disk/folder.hpp"
#include "disk/log_reader.hpp"
#include "disk/manifest.hpp"
#include "disk/snapshot.hpp"

// What a start does: it reads the folder, which changes nothing, and then makes it ready to go on
// from. kv-inspect stops after the first half.

namespace kv {

/// What a data folder holds, and what a start makes of it.
struct Recovered {
  DataFiles files;
  bool is_new = false;  ///< there is no data: everything is still to be made
  StoreId store = {};
  Lsn named_segment = 0;               ///< the newest one that the manifest names
  std::vector<Segment> segments;       ///< in order, those that the snapshot does not cover
  std::vector<std::string> covered;    ///< the others, in order; of these only the header was read
  std::optional<Snapshot> snapshot;    ///< to start from; none: the log has everything
  Position end;                        ///< of the log
  bool clean = false;                  ///< the last stop was in order; nothing is to be repaired
  std::vector<std::string> set_aside;  ///< files that are not used any more: damaged, or after it
  std::vector<std::string> warnings;   ///< damage that costs nothing
};

/// Who gets the data that are read.
struct Loader {
  ChangeHandler change = [](auto...) {};  ///< each change, in order
  std::function<void()> clear = [] {};    ///< what came so far was of a damaged snapshot
};

/// Reads what a start needs, once, checks all of it and gives it to the loader: the newest whole
/// snapshot, and the log from there on. Throws FatalError(damaged) when something is lacking that
/// is known to have been durable, or when the files are of two timelines: names the file, the
/// offset and the reason. With `truncate` what is before the damage is enough.
Recovered read_folder(const Folder& folder, bool truncate, const Loader& loader = {});

/// Makes the folder ready: the last segment keeps its valid part only, in a new file, since of the
/// old one nobody knows what is on the disk and what in the cache. What is cut off is kept beside
/// it. What is done is taken out of `found`: after an error it may be called again.
Result<void> repair_folder(Folder& folder, Recovered& found);

/// Reads the rest, the older snapshots and the log before the newest: gives what is wrong there, a
/// line each, and the names of the snapshots that nobody should rely on. Ends soon when it is told
/// to stop.
struct Unread {
  std::vector<std::string> warnings;
  std::vector<std::string> damaged_snapshots;
};
Unread check_unread(const Folder& folder, const Recovered& found, const std::stop_token& stop = {});

}  // namespace kv
