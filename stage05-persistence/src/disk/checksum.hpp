#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace kv {

static_assert(XXH_VERSION_NUMBER >= 800, "XXH3 is final from version 0.8 on");

/// XXH3, 64 bits. The seed makes the same bytes in another place, or after other bytes, something
/// else.
inline std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace kv
