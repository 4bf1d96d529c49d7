#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "wire/words.hpp"

namespace kv {

/// A blocking client: one connection, one command at a time.
class Client {
 public:
  Client(std::string host, std::uint16_t port);

  /// Sends a command and waits for its answer, as lines to print; the first one connects. Error:
  /// the server answered with one. Throws StartError(no_connection).
  Result<std::string> ask(const Words& command);

 private:
  void connect();
  std::string receive_line();
  std::string receive_bulk(const std::string& length);

  std::string host_;
  std::uint16_t port_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string input_;
};

}  // namespace kv
