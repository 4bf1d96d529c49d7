#include "disk/log_format.hpp"

#include <fmt/format.h>

#include <type_traits>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"

namespace kv {
namespace {

template <ValueKind kind, class T>
constexpr bool is_kind_of =
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(kind), Value>, T>;
static_assert(is_kind_of<ValueKind::text, std::string> && is_kind_of<ValueKind::binary, Binary> &&
                  is_kind_of<ValueKind::integer, std::int64_t> &&
                  is_kind_of<ValueKind::real, double> && is_kind_of<ValueKind::boolean, bool>,
              "value.hpp has its types in another order than they have on disks");

/// The part of a record's header that the chain runs over.
std::string_view chained_part(const RecordHeader& header) { return bytes_of(header).substr(16); }

std::string_view checked_part(const RecordHeader& header) { return bytes_of(header).substr(8); }

std::uint64_t header_checksum(const SegmentHeader& header) {
  return checksum(bytes_of(header).substr(0, offsetof(SegmentHeader, checksum)), 0);
}

}  // namespace

SegmentHeader make_segment_header(const StoreId& store, const Position& end, std::uint64_t id) {
  SegmentHeader header{.store = store,
                       .first_lsn = end.lsn + 1,
                       .chain = end.chain,
                       .id = id,
                       .previous = end.segment};
  header.checksum = header_checksum(header);
  return header;
}

Result<SegmentHeader> read_segment_header(std::string_view segment) {
  if (segment.size() < sizeof(SegmentHeader))
    return Error{Status::storage_failed, "no whole segment header"};
  const auto header = load<SegmentHeader>(segment);
  if (header.magic != SegmentHeader{}.magic)
    return Error{Status::storage_failed, "no segment of a log"};
  if (header.checksum != header_checksum(header))
    return Error{Status::storage_failed, "damaged segment header"};
  if (header.version != format_version) return unknown_version(header.version);
  return header;
}

Error unknown_version(std::uint32_t version) {
  return Error{
      Status::unknown_version,
      fmt::format("format version {}, and this program knows {} only", version, format_version)};
}

std::uint64_t segment_seed(const SegmentHeader& header) {
  return checksum(bytes_of(header.store), header.first_lsn);
}

std::uint64_t next_chain(const RecordHeader& header, std::string_view payload,
                         std::uint64_t chain) {
  return checksum(payload, checksum(chained_part(header), chain));
}

std::uint64_t header_checksum(const RecordHeader& header, std::uint64_t offset,
                              std::uint64_t seed) {
  return checksum(checked_part(header), seed ^ offset);
}

std::uint64_t append_record(std::string& out, RecordHeader header, std::string_view payload,
                            std::uint64_t chain, std::uint64_t seed, std::uint64_t offset) {
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.chain = next_chain(header, payload, chain);
  header.header_checksum = header_checksum(header, offset, seed);
  append(out, header);
  out += payload;
  return header.chain;
}

std::optional<RecordHeader> read_record_header(std::string_view bytes, std::uint64_t offset,
                                               std::uint64_t seed) {
  if (bytes.size() < sizeof(RecordHeader)) return std::nullopt;
  const auto header = load<RecordHeader>(bytes);
  if (header.header_checksum != header_checksum(header, offset, seed)) return std::nullopt;
  return header;
}

void append_table(std::string& out, std::string_view table) {
  append(out, static_cast<std::uint16_t>(table.size()));
  out += table;
}

void append_change(std::string& out, const Entry& change) {
  const auto bytes = change.value ? value_bytes(*change.value) : std::string_view{};
  append(out, change.value ? static_cast<ValueKind>(change.value->index()) : ValueKind::removed);
  append(out, static_cast<std::uint16_t>(change.key.size()));
  append(out, static_cast<std::uint32_t>(bytes.size()));
  out += change.key;
  out += bytes;
}

bool read_changes(std::string_view payload, const ChangeHandler& change) {
  constexpr std::size_t row_header_bytes = 7;
  if (payload.size() < sizeof(std::uint16_t)) return false;
  const std::size_t table_bytes = load<std::uint16_t>(payload);
  payload.remove_prefix(sizeof(std::uint16_t));
  if (payload.size() < table_bytes) return false;
  const auto table = payload.substr(0, table_bytes);
  payload.remove_prefix(table_bytes);
  while (!payload.empty()) {
    if (payload.size() < row_header_bytes) return false;
    const auto kind = load<ValueKind>(payload);
    const std::size_t key_bytes = load<std::uint16_t>(payload, 1);
    const std::size_t bytes = load<std::uint32_t>(payload, 3);
    if (payload.size() - row_header_bytes < key_bytes + bytes) return false;
    const auto key = payload.substr(row_header_bytes, key_bytes);
    const auto value = payload.substr(row_header_bytes + key_bytes, bytes);
    if (kind == ValueKind::removed) {
      change(table, key, Row{});
    } else if (auto row = Row::of(static_cast<std::size_t>(kind), key, value)) {
      change(table, key, std::move(row));
    } else {
      return false;
    }
    payload.remove_prefix(row_header_bytes + key_bytes + bytes);
  }
  return true;
}

}  // namespace kv
