#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fixtures/process.hpp"
#include "socket.hpp"

namespace kv::bench {

/// A server that can be started: a stage of ours, or Redis, which is number 0.
struct Program {
  std::string name;
  std::filesystem::path path;
  int stage = 0;

  bool is_redis() const { return stage == 0; }
  Protocol protocol() const { return stage <= 2 ? Protocol::resp : Protocol::frame; }
};

/// How a server is started. Each begins with what makes them alike: one thread that serves (a
/// stage 2 has one for each connection), 127.0.0.1, nothing but warnings in the log, and no
/// snapshots on its own.
struct Start {
  std::vector<std::string> flags = {};
  std::filesystem::path folder = {};  ///< for data and logs; made when it is not there
  int core = 0;                       ///< the only one that it runs on
  /// Bytes of log, from stage 5 on; 0: no snapshots; none: as it comes.
  std::optional<std::uint64_t> snapshot_every = 0;
};

/// A running server. At the end of life it is asked to stop, and killed when it does not.
class Server {
 public:
  /// Does not wait.
  Server(const Program& program, const Start& start);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const Program& program() const { return program_; }
  pid_t pid() const { return process_.pid(); }
  Address address() const { return {.port = port_}; }

  /// Until it answers a PING, or HGET of `key` with the value that a load sets; how long that took
  /// since its start. Throws, with the end of its log, when it does not come to that.
  std::chrono::duration<double> wait_until_ready(std::optional<std::uint32_t> key = {});

  /// SIGTERM, and waits for the end. Throws when that is not status 0.
  void stop();

  void kill_9();  ///< SIGKILL, and waits for the end

 private:
  std::string end_of_log() const;

  const Program program_;
  const std::filesystem::path log_;
  const std::uint16_t port_;
  const std::chrono::steady_clock::time_point started_;
  test::Process process_;
};

/// Flags of the memory store, from stage 5 on; of other programs, none.
std::vector<std::string> in_memory(const Program& program);

}  // namespace kv::bench
