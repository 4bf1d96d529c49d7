#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "command/service.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::test {

/// A server inside the test, on a free port, so that it can have hooks of the test's own. One at a
/// time: SIGTERM is what ends it.
class RunningServer {
 public:
  explicit RunningServer(const HooksBuilder& hooks, Options options = {})
      : options_{on_free_port(std::move(options))}, hooks_{hooks.build()} {}

  ~RunningServer() {
    std::raise(SIGTERM);
    thread_.join();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server_.endpoint().port(); }
  MemTable& storage() { return storage_; }

  /// Returns when so many clients are connected; gives up after 10 s.
  void wait_for_connections(std::uint32_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (load_.connections != count && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
  }

 private:
  static Options on_free_port(Options options) {
    options.port = 0;
    return options;
  }

  const Options options_;
  const std::shared_ptr<const Hooks> hooks_;
  MemTable storage_{answer_limit(options_.frame_bytes_max)};
  WatchHub watch_hub_{options_.frame_bytes_max};
  Service service_{storage_};
  Load load_;
  const Shared shared_{options_, service_, hooks_, watch_hub_, load_};
  Server server_{shared_};
  std::thread thread_{[this] { server_.run(); }};
};

}  // namespace kv::test
