#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "table/value.hpp"

// What stands in a segment of the log, wal-<first LSN, 20 digits>.log:
//
//   segment = segment header, records, zeros up to the end of the file
//
//    0        4         8          24          32             40   48         56
//   +--------+---------+----------+-----------+--------------+----+----------+----------+
//   | "kvwl" | version | store id | first LSN | chain so far | id | previous | checksum |   header
//   +--------+---------+----------+-----------+--------------+----+----------+----------+
//
//    0                 8       16    24            32               36     40
//   +-----------------+-------+-----+-------------+----------------+------+---------+
//   | header checksum | chain | LSN | durable LSN | payload length | type | payload |   record
//   +-----------------+-------+-----+-------------+----------------+------+---------+
//
// The header checksum is over the rest of the header, seeded with the store, the segment and the
// offset: it proves the length before that is believed, and no stored value can pose as a record.
// The chain is a checksum over header and payload seeded with the chain of the last changes before,
// also across segments: no record can be missing, moved or repeated, and two logs that have the
// same chain at an LSN have the same changes up to there. The LSN (log sequence number) counts
// commands that changed something, from 1, without a gap. The durable LSN is what was known to be
// on the disk when the record was written: a log that ends below a durable LSN that stands anywhere
// has lost something.
//
// Each segment has a random id and names the one before it. A start that cuts something off gives
// LSNs again, in a segment with another id: what was cut off, or a copy of the store that went its
// own way, does not pass for a part of this one.

namespace kv {

using Lsn = std::uint64_t;
using StoreId = std::array<unsigned char, 16>;  // random; made with the store

inline constexpr std::uint32_t format_version = 1;

struct SegmentHeader {
  std::array<char, 4> magic = {'k', 'v', 'w', 'l'};
  std::uint32_t version = format_version;
  StoreId store = {};
  Lsn first_lsn = 0;
  std::uint64_t chain = 0;  // of the last changes before; 0 when there are none
  std::uint64_t id = 0;
  std::uint64_t previous = 0;  // the id of the segment before; 0: there is none
  std::uint64_t checksum = 0;  // of all the above
};
static_assert(sizeof(SegmentHeader) == 64);

/// Where the log stands: after which LSN, the chain there, and the id of the segment it is in.
struct Position {
  Lsn lsn = 0;
  std::uint64_t chain = 0;
  std::uint64_t segment = 0;  // 0: in none
};

enum class RecordType : std::uint32_t {
  changes = 1,  ///< of one command
  mark = 2,     ///< nothing but the durable LSN; its own LSN is that of the record before
};

struct RecordHeader {
  std::uint64_t header_checksum = 0;
  std::uint64_t chain = 0;
  Lsn lsn = 0;
  Lsn durable_lsn = 0;
  std::uint32_t payload_bytes = 0;
  RecordType type = RecordType::changes;
};
static_assert(sizeof(RecordHeader) == 40);

/// The header, with its checksum, of a segment that goes on from `end`.
SegmentHeader make_segment_header(const StoreId& store, const Position& end, std::uint64_t id);

/// Error: no segment header, damaged, or of a version that is not known.
Result<SegmentHeader> read_segment_header(std::string_view segment);

/// Of a file that a later program has written.
Error unknown_version(std::uint32_t version);

/// What the header checksums of a segment's records start from.
std::uint64_t segment_seed(const SegmentHeader& header);

/// Of a record that stands at `offset`.
std::uint64_t header_checksum(const RecordHeader& header, std::uint64_t offset, std::uint64_t seed);

/// Appends a record; `header` has LSN, durable LSN and type. Gives its chain.
std::uint64_t append_record(std::string& out, RecordHeader header, std::string_view payload,
                            std::uint64_t chain, std::uint64_t seed, std::uint64_t offset);

/// The record header at `offset`, where `bytes` begin, if there is one: its checksum is right.
std::optional<RecordHeader> read_record_header(std::string_view bytes, std::uint64_t offset,
                                               std::uint64_t seed);

/// The chain of a record. That of a mark is for itself: the next record does not go on from it.
std::uint64_t next_chain(const RecordHeader& header, std::string_view payload, std::uint64_t chain);

// The payload of a record of changes, and a chunk of a snapshot: the table, and rows. The bytes of
// a value are those of value.hpp; of a removed key there are none.
//
//    0              2
//   +--------------+-------+-----+-----+ - -
//   | table length | table | row | row |
//   +--------------+-------+-----+-----+ - -
//
//    0      1            3              7
//   +------+------------+--------------+-----+-------+
//   | kind | key length | value length | key | value |     a row
//   +------+------------+--------------+-----+-------+

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

void append_table(std::string& out, std::string_view table);
void append_change(std::string& out, const Entry& change);

/// Reads a payload; `change` gets each key with its value, none where the key is removed. False: it
/// is no such payload, which no checksum lets happen.
using ChangeHandler =
    std::function<void(std::string_view table, std::string_view key, std::optional<Value> value)>;
bool read_changes(std::string_view payload, const ChangeHandler& change);

}  // namespace kv
