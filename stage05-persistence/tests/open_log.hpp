#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "disk/wal.hpp"
#include "simulated_folder.hpp"

namespace kv::test {

/// A log alone, the first one of a simulated folder. Its end is that of a process that is killed:
/// wal().close() makes it an orderly one.
class OpenLog {
 public:
  explicit OpenLog(const SimulatedFolder& folder, std::size_t bytes_max = Wal::group_bytes_max);

  Wal& wal() { return wal_; }

  /// A command that sets a key in table "t". With change: nobody asks for a flush. With
  /// set_durably: it is on the disk.
  Result<void> change(const std::string& key, const Value& value = "v");
  Result<void> set(const std::string& key, const Value& value = "v");
  void set_durably(const std::string& key, const Value& value = "v");

  void wait_for_failure();  ///< until on_failure has been called

  int failures() const { return failures_; }            ///< calls of on_failure
  std::string why() const { return failure_.message; }  ///< its last argument

 private:
  SimulatedFolder folder_;
  std::mutex mutex_;  // guards what the log's thread tells
  std::condition_variable told_;
  std::atomic<int> failures_ = 0;
  Error failure_{Status::ok, {}};
  Wal wal_;  // last: its thread uses all of the above
};

/// What a log holds, a text for each group: "LSN: key=value -removed" for each record in it, or
/// "goes on". It expects a log that is valid to its end.
std::vector<std::string> groups_in(const SimulatedFolder& folder,
                                   const std::string& name = "log-1");

}  // namespace kv::test
