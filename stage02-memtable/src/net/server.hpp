#pragma once

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>

#include "command/service.hpp"
#include "net/listen.hpp"

namespace kv {

/// Listens from its construction on, and serves each connection on a thread of its own. The service
/// must outlive it, and it the connections: run() never returns.
class Server {
 public:
  /// Throws FatalError.
  Server(std::uint16_t port, std::uint32_t max_connections, Service& service);

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  [[noreturn]] void run();

 private:
  void start_thread(tcp::socket socket);
  void serve(tcp::socket socket, bool over);

  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  Service& service_;
  const std::uint32_t connections_max_;
  std::atomic<std::uint32_t> connections_ = 0;  // those refused and not yet closed are counted too
};

}  // namespace kv
