#pragma once

#include <cstddef>
#include <cstdint>

namespace kv {

inline constexpr std::size_t name_bytes_max = 1024;          ///< of a table or key: names, not data
inline constexpr std::size_t value_bytes_max = 1024 * 1024;  ///< a larger one is a file
inline constexpr std::size_t answer_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t answers_waiting_max = 256 * 1024;  ///< of one client; it must read
inline constexpr std::size_t read_bytes_max = 16 * 1024;        ///< in one read
inline constexpr std::size_t kept_bytes_max = 64 * 1024;        ///< of a nearly empty buffer

/// How many connections there can be: `wanted`, or as many as the process may have descriptors for.
/// Raises the process's own limit as far as the system lets it, and says so when that is not
/// enough.
std::uint32_t connection_limit(std::uint32_t wanted);

}  // namespace kv
