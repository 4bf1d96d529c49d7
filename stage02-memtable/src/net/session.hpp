#pragma once

#include <boost/beast/core/flat_buffer.hpp>

#include <string>

#include "command/service.hpp"
#include "net/listen.hpp"
#include "wire/connection_commands.hpp"
#include "wire/resp.hpp"

namespace kv {

/// One connection, from its first byte to its last: reads what is there, executes every whole
/// request in it, writes all the answers at once. A client that pipelines is served in batches,
/// without being asked to; one that does not read its answers is not read from either, and holds
/// answers_waiting_max (and the answer that went over it) at most.
class Session {
 public:
  Session(tcp::socket socket, Service& service) : socket_{std::move(socket)}, service_{service} {}

  /// Returns when the client has left or broken the protocol; the socket is closed then. Nothing
  /// that a client does is an exception here.
  void run();

 private:
  enum class Next { receive, execute, close };

  bool receive();  // false: the client has left
  Next execute();  // fills output_ from input_; says what comes once it is sent
  bool send();     // false: the client has left

  tcp::socket socket_;
  Service& service_;
  RespReader reader_;
  ConnectionCommands connection_commands_;
  boost::beast::flat_buffer input_;  // received and not yet executed, in one piece
  std::size_t read_bytes_ = 512;     // what the next read takes; grows while reads come back full
  std::string output_;               // answers to send
};

}  // namespace kv
