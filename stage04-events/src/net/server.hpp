#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "net/listen.hpp"
#include "net/shared.hpp"
#include "net/worker.hpp"

namespace kv {

/// Listens from its construction on, with all its threads running: who connects is answered as soon
/// as run() is called. The thread that calls it accepts connections, and hands them to the workers
/// in turn.
class Server {
 public:
  explicit Server(const Shared& shared);  // throws FatalError

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// Returns after SIGINT or SIGTERM: what has been received is answered, for drain_time at most.
  /// From then on another signal ends the process (signals.hpp).
  void run();

 private:
  void start_threads();
  void wait_for_connections();
  void accept();
  void drain();

  boost::asio::io_context context_{1};
  tcp::acceptor acceptor_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_, accept_timer_;
  std::chrono::milliseconds accept_pause_{0};  // 0: the last try went well
  bool accept_waits_ = false;
  std::size_t turn_ = 0;  // whose of the workers it is
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> running_;  // workers that have not ended
  std::vector<std::jthread> threads_;

  /// Lets the workers end before their threads are joined, also when one could not be started.
  struct StopAtEnd {
    ~StopAtEnd() {
      for (const auto& worker : workers) worker->stop();
    }
    const std::vector<std::unique_ptr<Worker>>& workers;
  } stop_at_end_{workers_};
};

}  // namespace kv
