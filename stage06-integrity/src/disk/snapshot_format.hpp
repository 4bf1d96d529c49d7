#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/snapshot.hpp"

// What the two who know the bytes of a snapshot share: who reads it (snapshot_reader.cpp) and who
// writes it (snapshot.cpp). The format is drawn in snapshot.hpp.

namespace kv {

/// In front of each chunk; the checksum is chunk_checksum.
struct ChunkHeader {
  std::uint64_t checksum = 0;
  std::uint32_t length = 0;  // of the payload
  std::uint32_t type = 0;
};
inline constexpr std::uint32_t rows_type = 1, footer_type = 2;

/// The payload of the last chunk.
struct Footer {
  std::uint64_t rows = 0;
  Lsn lsn = 0;
  std::uint64_t chain = 0;  // of the log, at that LSN
};

inline std::uint64_t header_checksum(const SnapshotHeader& header) {
  return checksum(bytes_of(header).substr(0, offsetof(SnapshotHeader, checksum)), 0);
}

/// `before`: the checksum of the chunk before; of the first one, the header's.
inline std::uint64_t chunk_checksum(const ChunkHeader& header, std::string_view payload,
                                    std::uint64_t before) {
  return checksum(payload, checksum(bytes_of(header).substr(8), before));
}

/// Who was asked to stop says so.
inline Error stopped() { return {Status::storage_failed, "the server ends"}; }

}  // namespace kv
