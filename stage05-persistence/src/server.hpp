#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "listen.hpp"
#include "shared.hpp"
#include "worker.hpp"

namespace kv {

/// From here on SIGINT and SIGTERM end the process: at any moment, and with status 0. The next
/// start reads the data as after a crash.
void end_on_signals();

/// Listens from its construction on; the thread that calls run() accepts connections, and hands
/// them to the workers in turn.
class Server {
 public:
  explicit Server(const Shared& shared);  // throws StartError

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// Returns after SIGINT or SIGTERM: what has been received is answered, for drain_time at most.
  /// From then on another signal ends the process, see end_on_signals.
  void run();

 private:
  awaitable<void> accept();
  void drain();

  boost::asio::io_context context_{1};
  tcp::acceptor acceptor_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> running_;  // workers that have not ended
};

}  // namespace kv
