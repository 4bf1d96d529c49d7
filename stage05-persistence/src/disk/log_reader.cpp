#include "disk/log_reader.hpp"

#include <utility>

#include "disk/checksum.hpp"

namespace kv {
namespace {

/// Takes the group at the end of what is valid, if there is a whole one.
bool take_group(LogContents& log) {
  const auto rest = std::string_view{log.bytes}.substr(log.end_offset);
  const auto header = read_group_header(rest, log.header, log.end_offset);
  if (!header || header->first_lsn != log.next_lsn) return false;
  if (rest.size() - sizeof(GroupHeader) < header->records_bytes) return false;
  const LogContents::Group group{log.end_offset, *header};
  if (checksum(log.records(group), 0) != header->records_checksum) return false;
  log.groups.push_back(group);
  log.end_offset += sizeof(GroupHeader) + header->records_bytes;
  log.next_lsn = header->next_lsn;
  return true;
}

/// Whether a header stands anywhere behind the first one that is not valid. Of a whole group is not
/// asked: that one may be torn, and what is before it had been durable all the same.
bool has_header_behind(const LogContents& log) {
  for (auto offset = log.end_offset + 1; offset < log.bytes.size(); ++offset) {
    const auto bytes = std::string_view{log.bytes}.substr(offset);
    const auto header = read_group_header(bytes, log.header, offset);
    if (header && header->first_lsn >= log.next_lsn) return true;
  }
  return false;
}

}  // namespace

Result<LogContents> read_log(std::string bytes, const Magic& magic) {
  const auto header = read_file_header(bytes, magic);
  if (!header) return header.error();
  LogContents log{.bytes = std::move(bytes), .header = *header, .next_lsn = header->first_lsn};
  while (take_group(log)) {
  }
  log.is_damaged = has_header_behind(log);
  return log;
}

}  // namespace kv
