// Any bytes as a snapshot: it is read to its end or refused, and its rows can be had exactly when
// its check has found nothing. The mutator seals what it has changed with checksums that fit, or
// nothing but the checksums would be tested.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/snapshot.hpp"
#include "open_store.hpp"
#include "simulated_folder.hpp"

extern "C" std::size_t LLVMFuzzerMutate(unsigned char* data, std::size_t size, std::size_t max);

namespace {

constexpr std::size_t chunk_header_bytes = 16;  // checksum u64, length u32, type u32
constexpr std::size_t footer_bytes = 24;        // rows u64, LSN u64, chain u64
constexpr std::uint32_t rows_type = 1, footer_type = 2;
constexpr kv::Lsn lsn = 7;

template <class T>
void put(std::string& bytes, std::size_t at, const T& value) {
  bytes.replace(at, sizeof(value), kv::bytes_of(value));
}

std::uint64_t seal_chunk(std::string& bytes, std::size_t at, std::size_t length, std::uint32_t type,
                         std::uint64_t chain) {
  put(bytes, at + 8, static_cast<std::uint32_t>(length));
  put(bytes, at + 12, type);
  const std::string_view chunk = std::string_view{bytes}.substr(at, chunk_header_bytes + length);
  chain = kv::checksum(chunk.substr(chunk_header_bytes), kv::checksum(chunk.substr(8, 8), chain));
  put(bytes, at, chain);
  return chain;
}

/// Makes a header and chunks of the bytes; with `whole`, a footer that counts right ends them.
void seal(std::string& bytes, bool whole) {
  if (bytes.size() < sizeof(kv::SnapshotHeader)) return;
  auto header = kv::load<kv::SnapshotHeader>(bytes);
  header.magic = kv::SnapshotHeader{}.magic;
  header.version = kv::format_version;
  constexpr auto checked_bytes = offsetof(kv::SnapshotHeader, checksum);
  header.checksum = kv::checksum(kv::bytes_of(header).substr(0, checked_bytes), 0);
  put(bytes, 0, header);
  auto chain = header.checksum;
  std::uint64_t rows = 0;
  auto at = sizeof(header);
  while (at + chunk_header_bytes <= bytes.size()) {
    const auto left = bytes.size() - at - chunk_header_bytes;
    const auto type = kv::load<std::uint32_t>(bytes, at + 12);
    if (whole && type == footer_type) break;
    const auto length = std::min<std::size_t>(kv::load<std::uint32_t>(bytes, at + 8), left);
    chain = seal_chunk(bytes, at, length, whole ? rows_type : type, chain);
    (void)kv::read_changes(std::string_view{bytes}.substr(at + chunk_header_bytes, length),
                           [&](auto, auto, const auto&) { ++rows; });
    at += chunk_header_bytes + length;
  }
  if (!whole) return;
  bytes.resize(at + chunk_header_bytes + footer_bytes);
  put(bytes, at + chunk_header_bytes, rows);
  put(bytes, at + chunk_header_bytes + sizeof(rows), lsn);
  (void)seal_chunk(bytes, at, footer_bytes, footer_type, chain);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char* data, std::size_t size,
                                               std::size_t max, unsigned seed) {
  std::string bytes{reinterpret_cast<const char*>(data), LLVMFuzzerMutate(data, size, max)};
  if (seed % 8 != 0) seal(bytes, seed % 2 == 0);
  bytes.resize(std::min(bytes.size(), max));
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  kv::test::SimulatedFolder folder;
  folder.put("snapshot", {reinterpret_cast<const char*>(data), size});
  const auto file = folder.open("snapshot");
  const auto header = kv::read_snapshot_header(**file);
  if (!header) return 0;
  kv::MemTable memtable{kv::test::any_answer()};
  kv::Pieces pieces{**file}, again{**file};
  const auto checked = kv::read_snapshot(pieces, header->store, lsn, nullptr);
  const auto read = kv::read_snapshot(again, header->store, lsn, kv::test::into(memtable).change);
  if (checked.has_value() != read.has_value()) std::abort();
  (void)kv::test::contents_of(memtable);
  return 0;
}
