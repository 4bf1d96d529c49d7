#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "socket.hpp"

namespace kv::bench {

/// What a server uses while so many connections are open and do nothing.
struct IdleStep {
  std::uint32_t connections = 0;
  std::size_t resident_bytes = 0;
  std::size_t threads = 0;
};

/// Opens connections and asks for a PING on each, so that the server really serves it. Answers what
/// it uses with none, and at each of `steps`, which grow; at the last one after a pause, in which
/// it may give back what it does not need. Throws when the server does not take them all.
std::vector<IdleStep> measure_idle(const Address& address, Protocol protocol,
                                   const std::vector<std::uint32_t>& steps, pid_t pid,
                                   std::chrono::milliseconds pause = {});

/// The memory that the server has taken for each connection from the first step to the last; 0
/// when it has given some back.
double bytes_per_connection(const std::vector<IdleStep>& steps);

/// Whether the server answers HGET of the key with the value that a load sets, or a PING where
/// `key` is negative. False while nobody listens.
bool answers(const Address& address, Protocol protocol, const Requests& requests, std::int64_t key);

/// Connects and asks for the key until its value is answered, or until a PING is where `key` is
/// negative; no pause is longer than a millisecond. Answers the time since `start`. Throws when
/// there is no such answer within the limit.
std::chrono::duration<double> wait_for_answer(const Address& address, Protocol protocol,
                                              const Shape& shape, std::int64_t key,
                                              std::chrono::steady_clock::time_point start,
                                              std::chrono::seconds limit);

}  // namespace kv::bench
