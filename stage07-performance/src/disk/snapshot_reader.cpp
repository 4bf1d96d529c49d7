// A snapshot is read: nothing of it is believed before its checksum.

#include <fmt/format.h>

#include <utility>

#include "disk/snapshot.hpp"
#include "disk/snapshot_format.hpp"

namespace kv {
namespace {

// A command comes in a frame of 64 MiB at most, and takes less than twice as much here.
constexpr std::size_t chunk_bytes_max = 128 * 1024 * 1024;

Result<SnapshotHeader> snapshot_header_in(std::string_view bytes) {
  if (bytes.size() < sizeof(SnapshotHeader))
    return Error{Status::storage_failed, "no whole header at offset 0"};
  const auto header = load<SnapshotHeader>(bytes);
  if (header.magic != SnapshotHeader{}.magic || header.checksum != header_checksum(header))
    return Error{Status::storage_failed, "damaged header at offset 0"};
  if (header.version != format_version) return unknown_version(header.version);
  return header;
}

}  // namespace

Result<SnapshotHeader> read_snapshot_header(const File& file) {
  const auto bytes = file.read_at(0, sizeof(SnapshotHeader));
  return bytes ? snapshot_header_in(*bytes) : bytes.error();
}

Result<Snapshot> read_snapshot(Pieces& pieces, const StoreId& store, Lsn lsn,
                               const ChangeHandler& change, const std::stop_token& stop) {
  const auto header = snapshot_header_in(pieces.at(0, sizeof(SnapshotHeader)));
  if (pieces.error()) return *pieces.error();
  if (!header) return header.error();
  std::uint64_t offset = 0;
  const auto damaged = [&](const char* what) {
    return Error{Status::storage_failed, fmt::format("{} at offset {}", what, offset)};
  };
  if (header->store != store) return damaged("the snapshot of another store");

  std::uint64_t chain = header->checksum, rows = 0;
  for (offset = sizeof(SnapshotHeader);;) {
    if (stop.stop_requested()) return stopped();
    const auto bytes = pieces.at(offset, sizeof(ChunkHeader));
    if (pieces.error()) return *pieces.error();
    if (bytes.size() < sizeof(ChunkHeader)) return damaged("it ends too soon");
    const auto chunk = load<ChunkHeader>(bytes);
    if (chunk.length > chunk_bytes_max) return damaged("damaged chunk header");
    const auto payload = pieces.at(offset + sizeof(ChunkHeader), chunk.length);
    if (pieces.error()) return *pieces.error();
    if (payload.size() < chunk.length || chunk.checksum != chunk_checksum(chunk, payload, chain))
      return damaged("damaged chunk");
    chain = chunk.checksum;
    if (chunk.type == footer_type && chunk.length == sizeof(Footer)) {
      const auto footer = load<Footer>(payload);
      if (footer.rows != rows) return damaged("the footer counts other rows");
      if (footer.lsn != lsn) return damaged("the snapshot of another moment than its name says");
      offset += sizeof(ChunkHeader) + chunk.length;
      if (pieces.size() != offset) return damaged("bytes after the footer");
      return Snapshot{lsn, footer.chain, header->created, rows};
    }
    const auto row = [&](std::string_view table, std::string_view key, Row value) {
      ++rows;
      if (change) change(table, key, std::move(value));
    };
    if (chunk.type != rows_type || !read_changes(payload, row))
      return damaged("a chunk that makes no sense");
    offset += sizeof(ChunkHeader) + chunk.length;
  }
}

}  // namespace kv
