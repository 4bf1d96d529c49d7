#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/fatal_error.hpp"
#include "base/result.hpp"
#include "command/command.hpp"

namespace kv {

/// The connection ended before the answer was there. Another one may be made.
class ConnectionLost : public FatalError {
 public:
  explicit ConnectionLost(const std::string& message) : FatalError{Exit::no_connection, message} {}
};

/// A blocking client: one connection, one command at a time.
class Client {
 public:
  /// `timeout`: for a connection, and for a whole answer; 0 is none.
  Client(std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
         std::string token);

  /// Sends a command and waits for its answer; connects where there is no connection. Error: the
  /// server answered with one. Throws ConnectionLost, and FatalError(no_connection) when nobody
  /// can be reached, or answers in time, or answers in our protocol.
  Result<Response> ask(const Request& request);

  /// Waits for the next event of the table that WATCH was asked for, without a timeout. Fails as
  /// ask() does.
  Result<Response> next_event();

  /// Whether the server has closed the connection since its last answer. No command is lost then:
  /// the next one connects again.
  bool closed_by_server();

 private:
  using Work = boost::asio::awaitable<std::string>;

  void connect();
  Result<Response> exchange(const Request& request);
  Result<Response> response_from(const std::string& message);
  Work reach(boost::asio::ip::tcp::resolver::results_type endpoints);
  Work send_and_receive(std::string message);
  Work receive();
  std::string finish(Work work, std::chrono::milliseconds limit);
  std::string server() const { return host_ + ":" + std::to_string(port_); }

  std::string host_;
  std::uint16_t port_;
  std::chrono::milliseconds timeout_;
  std::string token_;           // empty: none is needed
  bool may_be_closed_ = false;  // the last answer was one behind which a server may close
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace kv
