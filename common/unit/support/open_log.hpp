#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "disk/wal.hpp"
#include "simulated_folder.hpp"

namespace kv::test {

/// Segments so small that a test sees many of them.
inline constexpr Wal::Limits tiny_limits{.segment_bytes = 4096, .reserve_bytes = 1024};

/// A log alone, on a simulated folder. Its end is that of a process that is killed: wal().close()
/// makes it an orderly one.
class OpenLog {
 public:
  static constexpr StoreId store_id = {1, 2, 3};

  struct Settings {
    Sync sync = Sync::always;
    Wal::Limits limits = tiny_limits;
    Position end = {};
  };

  explicit OpenLog(const SimulatedFolder& folder, const Settings& settings);
  explicit OpenLog(const SimulatedFolder& folder) : OpenLog{folder, Settings{}} {}

  Wal& wal() { return wal_; }

  /// A command that sets a key in table "t". With change: nobody asks for a flush. With
  /// set_durably: it is on the disk.
  Result<void> change(const std::string& key, const Value& value = "v");
  Result<void> set(const std::string& key, const Value& value = "v");
  void set_durably(const std::string& key, const Value& value = "v");

  void wait_until_safe(Lsn lsn);  ///< or the log has failed
  void wait_for_failure();        ///< until on_failure has been called

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

/// What a worker does for a connection that is alone: the log's thread has nothing left to write.
inline void flush_here(Wal& wal) {
  while (wal.flush_now()) {
  }
}

/// How many bytes set() adds to the log.
std::size_t record_bytes(const std::string& key, const std::string& value);

/// The commands that the log of a folder holds, each as "LSN: key=value -removed"; it expects one
/// chain from the first segment to the last.
std::vector<std::string> commands_in(const SimulatedFolder& folder);

/// The headers of all records of a segment.
std::vector<RecordHeader> headers_in(const std::string& segment);

/// The names of the segments, in order.
std::vector<std::string> segments_in(const SimulatedFolder& folder);

}  // namespace kv::test
