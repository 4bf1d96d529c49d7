// Any bytes as the segment of a log. A start takes them or refuses; what it has repaired, the next
// start takes as it is. The mutator seals what it has changed with checksums that fit, or nothing
// but the checksums would be tested.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fatal_error.hpp"
#include "disk/bytes.hpp"
#include "disk/manifest.hpp"
#include "disk/store.hpp"
#include "open_store.hpp"
#include "simulated_folder.hpp"

extern "C" std::size_t LLVMFuzzerMutate(unsigned char* data, std::size_t size, std::size_t max);

namespace {

/// Makes a chain of records of the bytes, wherever there are enough of them. With `number`, the
/// records have the LSNs that must come.
void seal(std::string& bytes, bool number) {
  if (bytes.size() < sizeof(kv::SegmentHeader)) return;
  const auto old = kv::load<kv::SegmentHeader>(bytes);
  const auto segment = kv::make_segment_header(old.store, {.chain = old.chain}, old.id);
  bytes.replace(0, sizeof(segment), kv::bytes_of(segment));
  auto chain = segment.chain;
  kv::Lsn lsn = 0;
  for (auto at = sizeof(segment); at + sizeof(kv::RecordHeader) <= bytes.size();) {
    auto header = kv::load<kv::RecordHeader>(bytes, at);
    if (header.lsn == 0 && header.payload_bytes == 0) return;  // zeros: the end of the log
    const auto payload_at = at + sizeof(kv::RecordHeader);
    const auto payload = bytes.substr(payload_at, header.payload_bytes);
    if (number) {
      header.type = payload.empty() ? kv::RecordType::mark : kv::RecordType::changes;
      lsn += payload.empty() ? 0 : 1;
      header.lsn = lsn;
      header.durable_lsn = std::min(header.durable_lsn, lsn);
    }
    std::string record;
    const auto next =
        kv::append_record(record, header, payload, chain, kv::segment_seed(segment), at);
    if (header.type == kv::RecordType::changes) chain = next;
    bytes.replace(at, record.size(), record);
    at += record.size();
  }
}

kv::Recovered look(const kv::Folder& folder, bool truncate, kv::test::Contents& contents) {
  kv::MemTable memtable{kv::test::any_answer()};
  auto found = kv::read_folder(folder, truncate, kv::test::into(memtable));
  contents = kv::test::contents_of(memtable);
  return found;
}

void start(const std::string& bytes, bool truncate) {
  kv::test::SimulatedFolder folder;
  kv::Manifest manifest{.newest_segment = 1};
  if (bytes.size() >= sizeof(kv::SegmentHeader))
    manifest.store = kv::load<kv::SegmentHeader>(bytes).store;
  if (!kv::write_manifest(folder, manifest)) std::abort();
  folder.put(kv::segment_name(1), bytes);
  kv::test::Contents first, again;
  kv::Recovered found;
  try {
    found = look(folder, truncate, first);
    if (!kv::repair_folder(folder, found)) std::abort();
  } catch (const kv::FatalError&) {
    return;  // a refusal
  }
  if (found.segments.empty()) return;
  if (look(folder, false, again).end.lsn != found.end.lsn || first != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  spdlog::set_level(spdlog::level::off);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(unsigned char* data, std::size_t size,
                                               std::size_t max, unsigned seed) {
  std::string bytes{reinterpret_cast<const char*>(data), LLVMFuzzerMutate(data, size, max)};
  if (seed % 8 != 0) seal(bytes, seed % 2 == 0);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string bytes{reinterpret_cast<const char*>(data), size};
  start(bytes, false);
  start(bytes, true);
  return 0;
}
