#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kv {

using HashKey = std::array<std::uint64_t, 2>;

/// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), as the hash
/// tables of Rust and Python have it. Who does not know the key cannot make texts whose hashes are
/// alike in any way. Faster hashes cannot say that, also with a secret seed: for murmur, which is
/// what std::hash is, there are texts that collide under every seed, and for XXH3 pairs that
/// collide under one seed in 1,500 (github.com/Cyan4973/xxHash/issues/1127).
std::uint64_t siphash(std::string_view text, const HashKey& key);

/// The same under a random key that this process has drawn. Never stored: the next one has another.
std::uint64_t seeded_hash(std::string_view text);

}  // namespace kv
