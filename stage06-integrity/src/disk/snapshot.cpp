#include "disk/snapshot.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <iterator>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "disk/temporary_file.hpp"

namespace kv {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;  // a chunk of rows is ended when it is this large
constexpr std::uint64_t sync_bytes = 4 * 1024 * 1024;  // see Writer::flush
// A frame has 64 MiB at most, and 9 bytes of it make 16 here at most.
constexpr std::size_t chunk_bytes_max = 128 * 1024 * 1024;

struct ChunkHeader {
  std::uint64_t checksum = 0;
  std::uint32_t length = 0;
  std::uint32_t type = 0;
};
constexpr std::uint32_t rows_type = 1, footer_type = 2;

struct Footer {
  std::uint64_t rows = 0;
  Lsn lsn = 0;
  std::uint64_t chain = 0;
};

std::uint64_t chunk_checksum(const ChunkHeader& header, std::string_view payload,
                             std::uint64_t before) {
  return checksum(payload, checksum(bytes_of(header).substr(8), before));
}

std::uint64_t header_checksum(const SnapshotHeader& header) {
  return checksum(bytes_of(header).substr(0, offsetof(SnapshotHeader, checksum)), 0);
}

Result<SnapshotHeader> snapshot_header_in(std::string_view bytes) {
  if (bytes.size() < sizeof(SnapshotHeader))
    return Error{Status::storage_failed, "no whole header at offset 0"};
  const auto header = load<SnapshotHeader>(bytes);
  if (header.magic != SnapshotHeader{}.magic || header.checksum != header_checksum(header))
    return Error{Status::storage_failed, "damaged header at offset 0"};
  if (header.version != format_version) return unknown_version(header.version);
  return header;
}

std::size_t count_rows(std::string_view payload) {
  std::size_t rows = 0;
  (void)read_changes(payload, [&rows](auto...) { ++rows; });
  return rows;
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
      for (const auto& [key, value] : rows) {
        if (payload.empty()) append_table(payload, table);
        append_change(payload, {key, value});
        ++rows_;
        if (payload.size() >= chunk_bytes) {
          add_chunk(rows_type, payload);
          payload.clear();
        }
      }
      if (!payload.empty()) add_chunk(rows_type, payload);
    }
  }

  void add_changes(std::string_view payload) {
    rows_ += count_rows(payload);
    add_chunk(rows_type, payload);
  }

  void add_footer(const Position& end) {
    add_chunk(footer_type, bytes_of(Footer{rows_, end.lsn, end.chain}));
  }

  std::uint64_t rows() const { return rows_; }

  Result<void> flush_when_large() {
    constexpr std::size_t large = 1024 * 1024;
    return bytes_.size() < large ? Result<void>{} : flush();
  }

  /// Syncs now and then: to sync all of it at the end would hold up the log's syncs meanwhile.
  Result<void> flush() {
    auto done = file_.write_at(offset_, bytes_);
    offset_ += bytes_.size();
    bytes_.clear();
    if (done && offset_ - synced_offset_ >= sync_bytes) {
      done = file_.sync();
      synced_offset_ = offset_;
    }
    return done;
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
  std::uint64_t synced_offset_ = 0;
  std::string bytes_;
};

Error stopped() { return {Status::storage_failed, "the server ends"}; }

/// Copies the changes after one LSN and up to another, which is on the disk, out of the log.
Result<void> copy_changes(const Folder& folder, Lsn after, Lsn last, Writer& writer,
                          const std::stop_token& stop) {
  const auto files = list_data_files(folder);
  if (!files) return files.error();
  const auto& segments = files->segments;
  Lsn copied = after;
  for (auto segment = segments.begin(); segment != segments.end() && copied < last; ++segment) {
    const auto next = std::next(segment);
    if (next != segments.end() && next->first <= after + 1) continue;
    if (stop.stop_requested()) return stopped();
    const auto file = folder.open(segment->second);
    if (!file) return file.error();
    Pieces pieces{**file};
    const auto header = read_segment_header(pieces.at(0, sizeof(SegmentHeader)));
    if (!header) return header.error();
    Result<void> written;
    const auto copy = [&](auto, const RecordHeader& record, std::string_view payload) {
      if (record.type != RecordType::changes || record.lsn != copied + 1 || copied == last) return;
      writer.add_changes(payload);
      ++copied;
      if (written) written = writer.flush_when_large();
    };
    if (const auto read = read_segment(pieces, *header, copy); !read) return read.error();
    if (written) written = writer.flush();
    if (!written) return written;
  }
  if (copied == last) return {};
  return Error{Status::storage_failed, fmt::format("the log cannot be read after LSN {}", copied)};
}

}  // namespace

Result<Snapshot> write_snapshot(Folder& folder, const StoreId& store, const MemTable& memtable,
                                Wal& wal, const std::stop_token& stop) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  SnapshotHeader header{.store = store,
                        .created = std::chrono::duration_cast<std::chrono::seconds>(now).count()};
  header.checksum = header_checksum(header);
  auto file = TemporaryFile::create(folder, snapshot_temporary_name);
  if (!file) return file.error();

  Writer writer{*file->file(), header};
  const Lsn first_lsn = wal.last_lsn();
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    if (stop.stop_requested()) return stopped();
    memtable.visit_shard(index, [&](const Tables& tables) { writer.add(tables); });
    if (auto written = writer.flush(); !written) return written.error();
  }
  const Position end = wal.last();
  if (auto durable = wal.make_durable(end.lsn); !durable) return durable.error();
  if (auto copied = copy_changes(folder, first_lsn, end.lsn, writer, stop); !copied)
    return copied.error();
  writer.add_footer(end);
  if (auto written = writer.flush(); !written) return written.error();
  if (auto named = file->publish(snapshot_name(end.lsn)); !named) return named.error();
  return Snapshot{end.lsn, end.chain, header.created, writer.rows()};
}

Result<SnapshotHeader> read_snapshot_header(const File& file) {
  const auto bytes = file.read_at(0, sizeof(SnapshotHeader));
  return bytes ? snapshot_header_in(*bytes) : bytes.error();
}

Result<Snapshot> read_snapshot(Pieces& pieces, const StoreId& store, Lsn lsn,
                               const ChangeReader& change, const std::stop_token& stop) {
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
    const auto row = [&](std::string_view table, std::string_view key, std::optional<Value> value) {
      ++rows;
      if (change) change(table, key, std::move(value));
    };
    if (chunk.type != rows_type || !read_changes(payload, row))
      return damaged("a chunk that makes no sense");
    offset += sizeof(ChunkHeader) + chunk.length;
  }
}

}  // namespace kv
