#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/fatal_error.hpp"
#include "disk/manifest.hpp"
#include "disk/recovery.hpp"

namespace kv {

inline constexpr const char* way_on = "put the files of a copy in its place";

/// For what must succeed, or there is no start.
template <class T>
T must(Result<T> done) {
  if (!done) throw FatalError{Exit::cannot_start, done.error().message};
  return std::move(*done);
}

/// The work of read_folder (recovery.cpp), with the same errors; the log is read in
/// recovery_log.cpp.
class FolderReader {
 public:
  FolderReader(const Folder& folder, bool truncate, const Loader& loader)
      : folder_{folder}, truncate_{truncate}, loader_{loader} {}
  Recovered read();

 private:
  void check_names();
  void read_identity();
  std::map<StoreId, std::string> stores_of_files() const;
  void check_newest_segment();
  void choose_snapshot();
  void check_floor();
  void use_the_snapshot_alone();
  std::uint64_t last_segment() const;

  // recovery_log.cpp
  void read_log();
  std::unique_ptr<File> open(const std::string& segment) const;
  Result<SegmentHeader> header_of(const std::string& segment) const;  // error: it is damaged
  void check_covered(const std::string& name, Lsn first_lsn);
  void check_link(const std::string& name, const SegmentHeader& header);
  std::optional<std::string> misfit(const Result<SegmentHeader>& header, Lsn first_lsn) const;
  bool read_one(const std::string& name, Lsn first_lsn, std::optional<Lsn> next_first_lsn);
  Result<Segment> replay_records(const std::string& name, Pieces& pieces,
                                 const SegmentHeader& header) const;
  bool check_tail(const std::string& name, const Segment& segment,
                  std::optional<Lsn> next_first_lsn);
  [[noreturn]] void refuse_other_timeline(const std::string& name, Lsn lsn) const;

  Lsn snapshot_end() const { return found_.snapshot ? found_.snapshot->lsn : 0; }
  std::optional<Position> covered() const;

  /// Damage that nothing makes up for: throws; with `truncate` it warns, and what is before that
  /// is enough.
  void refuse_unless_truncate(const std::string& file, std::uint64_t offset,
                              const std::string& reason);

  /// What a later version wrote is not ours to cut: throws when the error is that.
  static void refuse_unknown_version(const std::string& file, const Error& error);

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
