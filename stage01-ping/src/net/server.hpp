#pragma once

#include <boost/asio/io_context.hpp>

#include <cstdint>

#include "net/listen.hpp"

namespace kv {

/// Listens from its construction on, and serves one client at a time: who comes second waits in the
/// kernel's queue until the first has left.
class Server {
 public:
  explicit Server(std::uint16_t port);  // throws FatalError

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  [[noreturn]] void run();

 private:
  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
};

}  // namespace kv
