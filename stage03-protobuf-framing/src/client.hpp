#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

#include "command.hpp"
#include "result.hpp"

namespace kv {

/// A blocking client: one connection, one command at a time.
class Client {
 public:
  Client(std::string host, std::uint16_t port);

  /// Sends a command and waits for its answer; the first one connects. Error: the server answered
  /// with one. Throws StartError(no_connection).
  Result<Response> ask(const Request& request);

 private:
  void connect();
  Result<Response> receive();

  std::string host_;
  std::uint16_t port_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace kv
