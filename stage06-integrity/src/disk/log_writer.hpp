#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"
#include "disk/temporary_file.hpp"

namespace kv {

/// Makes the file of the next segment: room for its header, and `reserve_bytes` zeros after that.
/// All of it is on the disk when it returns, under next_segment_name.
Result<TemporaryFile> create_next_segment(Folder& folder, std::uint64_t reserve_bytes);

/// Writes zeros from one offset up to another.
Result<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to);

/// The newest segment: says where the next record goes, and what its bytes are. Its space is
/// reserved ahead, in steps: zeros are written before records replace them, so that a record never
/// meets a full disk.
///
/// It has no lock; the log's guards it. Two threads use file() while they do not hold that: the one
/// whose turn it is to write, and the one that syncs. All records and all zeros ahead come from the
/// first, so no zeros are written over a record that has taken their place meanwhile.
class LogWriter {
 public:
  struct Limits {
    std::uint64_t segment_bytes = 32 * 1024 * 1024;  ///< then a new segment is begun
    std::uint64_t reserve_bytes = 1024 * 1024;       ///< so many zeros at a time are written ahead
  };

  /// `file` is as create_next_segment makes it.
  LogWriter(TemporaryFile file, const SegmentHeader& header, const Limits& limits);

  /// Writes the header, and gives the file its name: both are on the disk when it returns. Error
  /// may_come_back: it has no name yet. Any other: it may have it.
  Result<void> publish();

  const std::shared_ptr<File>& file() const { return file_.file(); }  ///< shared with who syncs it
  const SegmentHeader& header() const { return header_; }
  std::uint64_t end_offset() const { return end_offset_; }  ///< where the next record goes
  std::uint64_t reserved_offset() const { return reserved_offset_; }  ///< where the zeros end

  bool has_room(std::uint64_t bytes) const { return end_offset_ + bytes <= reserved_offset_; }
  bool may_grow(std::uint64_t bytes) const;  ///< by a record; the first may be of any size
  bool is_half_full() const { return end_offset_ > limits_.segment_bytes / 2; }
  Result<void> reserve(std::uint64_t bytes);  ///< sees to it that there is room

  /// Up to where zeros should be written now, reserved_offset if no more; and that they have been.
  std::uint64_t next_reserved_offset() const;
  void set_reserved(std::uint64_t offset);

  /// Encodes a record for its place, behind those in `out`; the log writes them (Wal::flush). Gives
  /// its chain. There must be room.
  std::uint64_t append(std::string& out, const RecordHeader& header, std::string_view payload,
                       std::uint64_t chain);

 private:
  Limits limits_;
  TemporaryFile file_;
  SegmentHeader header_;
  std::uint64_t seed_;  // of its records
  std::uint64_t end_offset_;
  std::uint64_t reserved_offset_;  // up to here there are zeros, or records
};

}  // namespace kv
