#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "table/value.hpp"

// The bytes of a log, log-<first LSN>, and of a snapshot, which is made of the same pieces:
//
//   file = file header, groups
//
//    0       8    16          24         32
//   +-------+----+-----------+----------+
//   | magic | id | first LSN | checksum |                                        file header
//   +-------+----+-----------+----------+
//
//    0                 8                  16          24         32               36     40
//   +-----------------+------------------+-----------+----------+----------------+------+---------+
//   | header checksum | records checksum | first LSN | next LSN | bytes, records | type | records |
//   +-----------------+------------------+-----------+----------+----------------+------+---------+
//                                                                                         group
//    0              2
//   +--------------+-------+---------+--------+- -
//   | table length | table | changes | change |                record: the changes of one command,
//   +--------------+-------+---------+--------+- -             and in four bytes how many
//
//    0      1            3              7
//   +------+------------+--------------+-----+-------+
//   | kind | key length | value length | key | value |          change: the kind is a ValueKind
//   +------+------------+--------------+-----+-------+
//
// The LSN (log sequence number) counts commands that changed something, from 1 and without a gap. A
// group is what one sync makes durable: the records from its first LSN up to, not including, its
// next one. It is there whole or not at all. Records hold results, not commands: to make the same
// changes twice, in their order, is to make them once.
//
// The header checksum is over the rest of the group's header, seeded with the file's id and the
// group's offset. So a length is proven before it is believed; a header can be found behind damage;
// and no stored value can pose as one, since the id is random, and nobody is told.

namespace kv {

using Lsn = std::uint64_t;
using Magic = std::array<char, 8>;

inline constexpr Magic log_magic = {'k', 'v', '5', 'l', 'o', 'g', ' ', '1'};

struct FileHeader {
  Magic magic = {};
  std::uint64_t id = 0;
  Lsn first_lsn = 0;
  std::uint64_t checksum = 0;  // of all the above
};
static_assert(sizeof(FileHeader) == 32);

enum class GroupType : std::uint32_t {
  changes = 1,       ///< without records it says that all before it is durable
  goes_on = 2,       ///< the last one of a log: the next log goes on from here
  snapshot_end = 3,  ///< the last one of a snapshot
};

struct GroupHeader {
  std::uint64_t header_checksum = 0;
  std::uint64_t records_checksum = 0;
  Lsn first_lsn = 0;
  Lsn next_lsn = 0;
  std::uint32_t records_bytes = 0;
  GroupType type = GroupType::changes;
};
static_assert(sizeof(GroupHeader) == 40);

std::string log_name(Lsn first_lsn);
std::optional<Lsn> first_lsn_of(const std::string& name);  ///< nullopt: not the name of a log

/// With a new id.
FileHeader make_file_header(const Magic& magic, Lsn first_lsn);

/// Error: no such header, or damaged.
Result<FileHeader> read_file_header(std::string_view file, const Magic& magic);

/// The kinds of values. Their numbers are on disks, so they stay; log_format.cpp holds the types of
/// value.hpp to them.
enum class ValueKind : unsigned char {
  text = 0,
  binary = 1,
  integer = 2,
  real = 3,
  boolean = 4,
  removed = 0xff,  ///< there is no value
};

/// A group without records: room for its header.
inline std::string empty_group() { return std::string(sizeof(GroupHeader), '\0'); }

void append_record(std::string& group, std::string_view table, std::span<const Entry> changes);

/// Writes the header into the room that `group` begins with; `header` has the LSNs and the type.
void seal_group(std::string& group, GroupHeader header, const FileHeader& file,
                std::uint64_t offset);

/// The header at the beginning of `bytes`, which are at `offset`, if its checksum is right.
std::optional<GroupHeader> read_group_header(std::string_view bytes, const FileHeader& file,
                                             std::uint64_t offset);

/// Shows the records of a group, in order. False: these are none, which no checksum lets happen.
using RecordHandler =
    std::function<void(Lsn lsn, std::string_view table, const std::vector<Entry>& changes)>;
bool read_records(std::string_view records, Lsn first_lsn, const RecordHandler& record);

}  // namespace kv
