#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fixtures/process.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::peers {

/// A redis-server as a process of its own, on a free port of 127.0.0.1; killed at the end of life.
class RedisServer {
 public:
  /// Starts one with its files in `folder`, and these flags beside; `before`: words put before the
  /// program. Answers when it does; nullptr when it has ended instead.
  static std::unique_ptr<RedisServer> start(const std::filesystem::path& folder,
                                            const std::vector<std::string>& flags,
                                            const std::vector<std::string>& before = {});

  std::uint16_t port() const { return port_; }
  test::Process& process() { return *process_; }

 private:
  RedisServer() = default;
  bool answers();

  test::TempFolder log_;
  std::unique_ptr<test::Process> process_;
  std::uint16_t port_ = 0;
};

}  // namespace kv::peers
