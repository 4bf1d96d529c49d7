#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>

namespace kv::bench {

/// Steady time in nanoseconds.
inline std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds{1});
}

/// What a process has used so far, and uses now. Each throws std::runtime_error when there is no
/// such process.
class Meter {
 public:
  explicit Meter(pid_t pid);

  double cpu_seconds() const;  ///< of all its threads, also those that have ended; to the ns
  std::size_t resident_bytes() const;
  std::size_t peak_resident_bytes() const;  ///< the most that it has ever been
  std::size_t threads() const;

 private:
  pid_t pid_;
  clockid_t clock_;
};

/// Two cores: one for the server and one for the load, so that neither slows down the other.
/// With one core they are the same, and figures of throughput mean little.
struct Cores {
  int server;
  int load;
};
Cores pick_cores();

/// CPU time, in seconds, that these cores have spent on anything since the machine started, and
/// that this process and those that it has started and waited for have used. What the first has
/// grown by and the second has not, went to other programs.
double busy_seconds(const Cores& cores);
double own_seconds();

/// For its life, the calling thread runs on this core only, and so does, for all of theirs, every
/// process that it starts.
class Pinned {
 public:
  explicit Pinned(int core);
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

/// Raises the number of descriptors that this process, and those that it starts, may have to what
/// the system allows; answers that number.
std::size_t raise_descriptor_limit();

}  // namespace kv::bench
