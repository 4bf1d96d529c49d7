#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "disk/manifest.hpp"
#include "disk/recovery.hpp"

namespace kv {

/// The work of read_folder (recovery.cpp); the log is read in recovery_log.cpp. It throws as that
/// does.
class FolderReader {
 public:
  FolderReader(const Folder& folder, bool truncate, const Loader& loader);
  Recovered read();

 private:
  void read_identity();
  void check_newest_segment();
  void choose_snapshot();
  void read_log();
  void check_covered(const std::string& name, Lsn first_lsn);
  void check_link(const std::string& name, const SegmentHeader& header);
  bool read_one(const std::string& name, Lsn first_lsn, std::optional<Lsn> next_first_lsn);
  std::optional<std::string> misfit(const SegmentHeader& header) const;
  bool check_tail(const std::string& name, const Segment& segment,
                  std::optional<Lsn> next_first_lsn);
  void check_floor();
  void use_the_snapshot_alone();
  std::uint64_t last_segment() const;
  [[noreturn]] void refuse_other_timeline(const std::string& name, Lsn lsn) const;

  Lsn snapshot_end() const { return found_.snapshot ? found_.snapshot->lsn : 0; }
  std::optional<Position> covered() const;

  /// Damage that the log cannot be read past. Returns when less is enough.
  void damage(const std::string& file, std::uint64_t offset, const std::string& reason);

  const Folder& folder_;
  const bool truncate_;
  const Loader& loader_;
  Recovered found_;
  Manifest manifest_;
  const std::map<Lsn, std::string>& segments_ = found_.files.segments;
  const std::map<Lsn, std::string>& snapshots_ = found_.files.snapshots;
  Lsn floor_ = 0;                            // the largest LSN that is known to have been durable
  std::optional<std::uint64_t> covered_id_;  // of the last covered segment, when that is known
  bool log_has_begun_ = false;               // found_.end is where a segment has ended
};

}  // namespace kv
