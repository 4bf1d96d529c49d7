#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace kv {

inline constexpr std::size_t name_bytes_max = 1024;          ///< of a table or key: names, not data
inline constexpr std::size_t value_bytes_max = 1024 * 1024;  ///< a larger one is a file
inline constexpr std::size_t answers_waiting_max = 256 * 1024;  ///< of one client; it must read
inline constexpr std::size_t read_bytes_max = 16 * 1024;        ///< in one read
inline constexpr std::size_t kept_bytes_max = 64 * 1024;        ///< of a nearly empty buffer

inline constexpr std::size_t input_bytes_max = 256 * 1024 * 1024;  ///< of all unfinished frames

inline constexpr std::size_t watch_bytes_max = 1024 * 1024;  ///< of events that wait for one client
inline constexpr std::size_t frame_bytes_before_auth_max = 16 * 1024;  ///< from strangers
inline constexpr std::size_t token_bytes_max = 1000;  ///< the smallest --max-frame has room for it

inline constexpr std::chrono::seconds drain_time{5};  ///< from SIGTERM to the end, whatever is left

/// Refused connections that wait for their end; who comes on top is told and closed at once.
inline constexpr std::uint32_t refusals_max = 16;

// Descriptors that are no connections; taken by them, they would be missing for what must go on.
/// Of the server: listening 1, signals 2, the accepting loop 3; the rest for /proc, or a log.
inline constexpr std::uint32_t server_descriptors = 12;
inline constexpr std::uint32_t thread_descriptors = 3;  ///< of a loop: epoll, eventfd, timerfd

/// Of keys or pairs in one command: while it is worked on each takes up to 200 bytes, however short
/// it is on the wire. So all of them take at most five times the longest frame.
constexpr std::size_t items_limit(std::size_t frame_bytes_max) {
  return frame_bytes_max / 40 > 16384 ? frame_bytes_max / 40 : 16384;  // so many are never much
}

/// How many descriptors are open; nullopt where the system does not tell.
std::optional<std::size_t> open_descriptors();

/// How many connections there can be: `wanted`, or as many as the process may have descriptors for
/// beside those that it has, its threads will have, and refused clients for a moment. Raises the
/// process's own limit as far as the system lets it, and logs when that is not enough. Throws
/// FatalError(cannot_start) when there is none for a single connection.
std::uint32_t connection_limit(std::uint32_t wanted, std::uint32_t threads);

}  // namespace kv
