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
  Client(std::string host, std::uint16_t port, std::string token);

  /// Sends a command and waits for its answer; the first one connects. Error: the server answered
  /// with one. Throws StartError(no_connection).
  Result<Response> ask(const Request& request);

  /// Waits for the next event of the table that WATCH was asked for. Fails as ask() does.
  Result<Response> next_event() { return receive(); }

 private:
  void connect();
  Result<Response> exchange(const Request& request);
  Result<Response> receive();

  std::string host_;
  std::uint16_t port_;
  std::string token_;  // empty: none is needed
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace kv
