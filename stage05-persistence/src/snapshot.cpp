#include "snapshot.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstddef>

#include "bytes.hpp"
#include "checksum.hpp"

namespace kv {
namespace {

constexpr std::string_view name_begin = "snapshot-", name_end = ".kv";
constexpr std::size_t chunk_bytes = 64 * 1024;            // a chunk is ended when it is this large
constexpr std::size_t chunk_bytes_max = 4 * 1024 * 1024;  // more than a row and a table name take

struct ChunkHeader {
  std::uint64_t checksum = 0;
  std::uint32_t length = 0;
  std::uint32_t type = 0;
};
constexpr std::uint32_t rows_type = 1, footer_type = 2;

struct Footer {
  std::uint64_t rows = 0;
  Lsn end_lsn = 0;
};

std::uint64_t chunk_checksum(const ChunkHeader& header, std::string_view payload,
                             std::uint64_t before) {
  return checksum(payload, checksum(bytes_of(header).substr(8), before));
}

std::uint64_t header_checksum(const SnapshotHeader& header) {
  return checksum(bytes_of(header).substr(0, offsetof(SnapshotHeader, checksum)), 0);
}

/// The bytes of a snapshot in the making: what one shard holds is copied under its lock, and
/// written when the lock is given back.
class Writer {
 public:
  Writer(File& file, const SnapshotHeader& header) : file_{file}, chain_{header.checksum} {
    append(bytes_, header);
  }

  void add(const Tables& tables) {
    for (const auto& [table, rows] : tables.by_name) {
      std::string payload;
      for (const Row& row : rows) {
        if (payload.empty()) append_table(payload, table);
        payload += row.block();
        ++rows_;
        if (payload.size() >= chunk_bytes) {
          add_chunk(rows_type, payload);
          payload.clear();
        }
      }
      if (!payload.empty()) add_chunk(rows_type, payload);
    }
  }

  void add_footer(Lsn end_lsn) { add_chunk(footer_type, bytes_of(Footer{rows_, end_lsn})); }

  std::uint64_t rows() const { return rows_; }

  Result<void> flush() {
    auto written = file_.write_at(offset_, bytes_);
    offset_ += bytes_.size();
    bytes_.clear();
    return written;
  }

 private:
  void add_chunk(std::uint32_t type, std::string_view payload) {
    ChunkHeader header{.length = static_cast<std::uint32_t>(payload.size()), .type = type};
    chain_ = header.checksum = chunk_checksum(header, payload, chain_);
    append(bytes_, header);
    bytes_ += payload;
  }

  File& file_;
  std::uint64_t chain_;
  std::uint64_t rows_ = 0;
  std::uint64_t offset_ = 0;
  std::string bytes_;
};

}  // namespace

std::string snapshot_name(Lsn start_lsn) {
  return fmt::format("{}{:020}{}", name_begin, start_lsn, name_end);
}

std::optional<Lsn> snapshot_start_lsn(const std::string& name) {
  Lsn lsn = 0;
  if (!name.starts_with(name_begin) || !name.ends_with(name_end)) return std::nullopt;
  std::from_chars(name.data() + name_begin.size(), name.data() + name.size(), lsn);
  return snapshot_name(lsn) == name ? std::optional{lsn} : std::nullopt;
}

Result<Snapshot> write_snapshot(Folder& folder, const StoreId& store, const MemTable& memtable,
                                const std::function<Lsn()>& last_lsn) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  SnapshotHeader header{.store = store,
                        .start_lsn = last_lsn(),
                        .created = std::chrono::duration_cast<std::chrono::seconds>(now).count()};
  header.checksum = header_checksum(header);
  auto file = folder.create(snapshot_temporary_name);
  if (!file) return file.error();

  Writer writer{**file, header};
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    memtable.visit_shard(index, [&](const Tables& tables) { writer.add(tables); });
    if (auto written = writer.flush(); !written) return written.error();
  }
  const Lsn end_lsn = last_lsn();
  writer.add_footer(end_lsn);
  if (auto written = writer.flush(); !written) return written.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  return Snapshot{header.start_lsn, end_lsn, header.created, writer.rows()};
}

Result<Snapshot> read_snapshot(const File& file, const StoreId& store, Lsn start_lsn,
                               const ChangeReader& change) {
  std::uint64_t offset = 0;
  const auto damaged = [&](const char* what) {
    return Error{Status::storage_failed, fmt::format("{} at offset {}", what, offset)};
  };
  auto bytes = file.read_at(0, sizeof(SnapshotHeader));
  if (!bytes) return bytes.error();
  if (bytes->size() < sizeof(SnapshotHeader)) return damaged("no whole header");
  const auto header = load<SnapshotHeader>(*bytes);
  if (header.magic != SnapshotHeader{}.magic || header.checksum != header_checksum(header))
    return damaged("damaged header");
  if (header.version != format_version) return unknown_version(header.version);
  if (header.store != store) return damaged("the snapshot of another store");
  if (header.start_lsn != start_lsn)
    return damaged("the snapshot of another moment than its name says");

  std::uint64_t chain = header.checksum, rows = 0;
  for (offset = sizeof(SnapshotHeader);;) {
    bytes = file.read_at(offset, sizeof(ChunkHeader));
    if (!bytes) return bytes.error();
    if (bytes->size() < sizeof(ChunkHeader)) return damaged("it ends too soon");
    const auto chunk = load<ChunkHeader>(*bytes);
    if (chunk.length > chunk_bytes_max) return damaged("damaged chunk header");
    auto payload = file.read_at(offset + sizeof(ChunkHeader), chunk.length);
    if (!payload) return payload.error();
    if (payload->size() < chunk.length || chunk.checksum != chunk_checksum(chunk, *payload, chain))
      return damaged("damaged chunk");
    chain = chunk.checksum;
    if (chunk.type == footer_type && chunk.length == sizeof(Footer)) {
      const auto footer = load<Footer>(*payload);
      const auto size = file.size();
      if (!size) return size.error();
      offset += sizeof(ChunkHeader) + chunk.length;
      if (*size != offset) return damaged("bytes after the footer");
      if (footer.rows != rows) return damaged("the footer counts other rows");
      return Snapshot{start_lsn, footer.end_lsn, header.created, rows};
    }
    const auto row = [&](std::string_view table, std::string_view key, Row value) {
      ++rows;
      if (change) change(table, key, std::move(value));
    };
    if (chunk.type != rows_type || !read_changes(*payload, row))
      return damaged("a chunk that makes no sense");
    offset += sizeof(ChunkHeader) + chunk.length;
  }
}

}  // namespace kv
