#include "disk/snapshot.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "disk/snapshot_format.hpp"
#include "disk/temporary_file.hpp"

namespace kv {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;  // a chunk of rows is ended when it is this large
constexpr std::uint64_t sync_bytes = 4 * 1024 * 1024;  // see Writer::flush

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
  const Lsn lsn_before = wal.last_lsn();
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    if (stop.stop_requested()) return stopped();
    memtable.visit_shard(index, [&](const Tables& tables) { writer.add(tables); });
    if (auto written = writer.flush(); !written) return written.error();
  }
  const Position end = wal.last();
  if (auto durable = wal.make_durable(end.lsn); !durable) return durable.error();
  if (auto copied = copy_changes(folder, lsn_before, end.lsn, writer, stop); !copied)
    return copied.error();
  writer.add_footer(end);
  if (auto written = writer.flush(); !written) return written.error();
  if (auto named = file->publish(snapshot_name(end.lsn)); !named) return named.error();
  return Snapshot{end.lsn, end.chain, header.created, writer.rows()};
}

}  // namespace kv
