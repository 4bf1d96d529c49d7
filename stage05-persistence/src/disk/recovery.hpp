#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "disk/folder.hpp"
#include "disk/log_reader.hpp"
#include "disk/log_writer.hpp"
#include "disk/snapshot.hpp"

// What a start does: it reads the folder, which changes nothing, and then makes it ready to go on
// from. kv-inspect stops after the first half.

namespace kv {

/// What a folder holds. Logs in view are those that go on from the snapshot, oldest first.
struct Recovered {
  std::optional<LogContents> snapshot;  ///< none: the first start has not come so far
  Lsn base = 0;                         ///< of the snapshot
  std::int64_t created = 0;             ///< the snapshot, in seconds since 1970
  std::vector<LogContents> logs = {};   ///< none: it is a new store
  std::vector<std::string> old_logs = {}, temporaries = {};  ///< not needed any more
  Lsn last_lsn = 0;
};

/// Reads the folder; `change` gets all changes, in order. Throws FatalError: damaged, where
/// something is missing that had been durable; cannot_start, where the folder cannot be read or
/// belongs to another stage.
Recovered read_folder(const Folder& folder, const RecordHandler& change);

/// Makes the folder ready, and gives the log to go on in. What has been read may be in the kernel's
/// cache alone, where a sync has failed before: so all of it is written anew, under new ids, before
/// anybody hears of it. Torn ends are kept in files beside. Throws FatalError(cannot_start).
LogWriter repair_folder(Folder& folder, Recovered& recovered);

}  // namespace kv
