#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "socket.hpp"

namespace kv::bench {

/// What connections cost that do nothing.
struct IdleReport {
  std::uint32_t connections = 0;
  std::size_t resident_bytes_before = 0, resident_bytes_after = 0;
  std::size_t threads_before = 0, threads_after = 0;

  /// Memory that the server has taken for each; 0 when it has given some back meanwhile.
  double bytes_per_connection() const;
};

/// Opens so many connections, one after the other, and asks for a PING on each, so that the server
/// really serves it. Throws when the server does not take them all.
IdleReport measure_idle(const Address& address, Protocol protocol, std::uint32_t connections,
                        pid_t pid);

/// Connects and asks for the key until its value is answered, or until a PING is where `key` is
/// negative; no pause is longer than a millisecond. Answers the time since `start`. Throws when
/// there is no such answer within the limit.
std::chrono::duration<double> wait_for_answer(const Address& address, Protocol protocol,
                                              const Shape& shape, std::int64_t key,
                                              std::chrono::steady_clock::time_point start,
                                              std::chrono::seconds limit);

}  // namespace kv::bench
