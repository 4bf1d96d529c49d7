#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "disk/log_format.hpp"

namespace kv {

/// A log, or a snapshot, as far as it is valid.
struct LogContents {
  struct Group {
    std::uint64_t offset;
    GroupHeader header;
  };

  std::string bytes;  ///< of the whole file
  FileHeader header;
  std::vector<Group> groups = {};
  std::uint64_t end_offset = sizeof(FileHeader);  ///< the valid ones end there
  Lsn next_lsn = 0;                               ///< after the last of them
  bool is_damaged = false;                        ///< a valid header stands after end_offset

  bool is_valid_to_the_end() const { return end_offset == bytes.size(); }
  bool ends_with(GroupType type) const {
    return !groups.empty() && groups.back().header.type == type;
  }
  std::string_view records(const Group& group) const {
    return std::string_view{bytes}.substr(group.offset + sizeof(GroupHeader),
                                          group.header.records_bytes);
  }
};

/// Reads group by group, up to the first one that is not valid. A group is written only after the
/// one before is synced. So where a valid header stands behind, what is not valid had been durable,
/// and is damaged. Where none does, it is a write that a crash has torn; or the last group, with
/// damage: from here these look the same. Error: it has no valid file header.
Result<LogContents> read_log(std::string bytes, const Magic& magic);

}  // namespace kv
