#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "histogram.hpp"
#include "request.hpp"
#include "socket.hpp"

namespace kv::bench {

enum class Mode {
  batch,   ///< send `depth` requests, wait for all their answers
  window,  ///< keep `depth` requests in flight
};

/// What is asked for: a mix of two commands, so 1 hget_share means HGET only.
enum class Kind { ping, hset, hget, mixed };

struct Workload {
  Address address = {};
  Protocol protocol = Protocol::frame;
  Shape shape = {};
  Kind kind = Kind::hset;
  double hget_share = 0.5;  ///< of mixed
  std::uint32_t connections = 50;
  std::uint32_t depth = 1;
  Mode mode = Mode::batch;
  std::uint32_t keys = 100'000;  ///< 0 to keys - 1
  bool in_order = false;         ///< each key in turn, else at random
  double warm_up_seconds = 0;    ///< not measured
  double seconds = 1;            ///< measured; ignored when `requests` is given
  std::uint64_t requests = 0;    ///< so many in all, all measured; 0: `seconds` decide
  bool verify = false;           ///< every byte of what HGET answers
  std::uint64_t seed = 1;
  pid_t pid = 0;  ///< of the server, to be measured; 0: do not

  /// Asked about every millisecond. Requests that are under way while it answers true are also
  /// counted in Report::marked.
  std::function<bool()> mark = {};
  double slot_seconds = 0;  ///< of Report::slots; 0: none
};

struct Report {
  /// One stretch of time, and how long the answers that came in it took.
  struct Slot {
    Histogram latency = {};
    bool marked = false;
  };

  std::uint64_t requests = 0;  ///< answered while it was measured
  std::uint64_t wrong = 0;     ///< errors, keys not there, wrong values; also outside that time
  std::string first_wrong;     ///< what the first of them was
  double seconds = 0;
  Histogram latency;
  Histogram marked;
  std::vector<Slot> slots;
  std::optional<double> server_cpu_seconds;
  std::optional<std::size_t> server_resident_bytes;
  std::optional<std::size_t> server_threads;

  double per_second() const { return static_cast<double>(requests) / seconds; }
  double cpu_us_per_request() const {
    return server_cpu_seconds.value_or(0) * 1e6 / static_cast<double>(requests);
  }
};

/// A closed loop: a connection sends when it has its answers, so a slow server is asked less often.
/// One thread and one epoll, and hardly any work for a request, so that the server is what limits.
/// Ends by itself: after its time, its requests, or, with std::runtime_error, when a server closes
/// a connection or answers nothing at all for 30 s.
Report run_load(const Workload& workload);

}  // namespace kv::bench
