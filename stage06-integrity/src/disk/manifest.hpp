#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "disk/folder.hpp"
#include "disk/log_format.hpp"

// MANIFEST: which store this is, and how far it had come. As it lies in memory:
//
//   magic "kvmf" | version u32 | store id | newest segment | clean flag | clean LSN | checksum
//
// It is replaced whole (replace_whole). The newest segment is the first LSN of it, 0 before there
// is one; a crash can leave one segment more than the manifest knows, never two.

namespace kv {

struct Manifest {
  std::array<char, 4> magic = {'k', 'v', 'm', 'f'};
  std::uint32_t version = format_version;
  StoreId store = {};
  Lsn newest_segment = 0;
  std::uint64_t clean = 0;  ///< 1: the server stopped in order, with clean_lsn as its last
  Lsn clean_lsn = 0;
  std::uint64_t checksum = 0;  ///< of all the above; filled in by write_manifest
};
static_assert(sizeof(Manifest) == 56);

Result<void> write_manifest(Folder& folder, Manifest manifest);

/// Error: damaged, or of a version that is not known.
Result<Manifest> read_manifest(const Folder& folder);

}  // namespace kv
