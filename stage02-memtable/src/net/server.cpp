#include "net/server.hpp"

#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <system_error>
#include <thread>

#include "base/fatal_error.hpp"
#include "base/limits.hpp"
#include "net/linger.hpp"
#include "net/session.hpp"

namespace kv {
namespace {

constexpr std::uint32_t refusals_max = 64;  // at a time; who comes on top is closed at once

/// A line on standard error, in one piece: several threads may have something to say. It takes no
/// memory, of which there may be none.
void say(const char* what, const std::exception& error) {
  std::fprintf(stderr, "kv-server: %s: %s\n", what, error.what());
}

void refuse(tcp::socket socket) {
  boost::system::error_code ended;
  boost::asio::write(socket, boost::asio::buffer("-ERR max number of clients reached\r\n", 36),
                     ended);
  lingering_close(socket);
}

}  // namespace

Server::Server(std::uint16_t port, std::uint32_t max_connections, Service& service)
    : acceptor_{listen(context_, port)},
      service_{service},
      connections_max_{connection_limit(max_connections)} {
  expect_room(acceptor_);
  try {
    std::thread{[] {}}.join();  // as each connection will need one
  } catch (const std::system_error& error) {
    throw FatalError{Exit::cannot_start, "cannot start a thread: " + error.code().message() +
                                             " (ulimit -u and -v bound them)"};
  }
}

void Server::run() {
  constexpr std::chrono::milliseconds pause{100};  // without it, no descriptor left is a busy loop
  while (true) {
    try {
      boost::system::error_code failed;
      tcp::socket socket = acceptor_.accept(failed);
      if (failed) throw std::system_error{failed};
      set_options(socket);
      start_thread(std::move(socket));
    } catch (const std::exception& error) {
      say("cannot accept a connection", error);
      std::this_thread::sleep_for(pause);
    }
  }
}

void Server::start_thread(tcp::socket socket) {
  const auto before = connections_.fetch_add(1);
  const bool over = before >= connections_max_;
  try {
    if (before >= connections_max_ + refusals_max)
      throw std::system_error{std::make_error_code(std::errc::too_many_files_open)};
    std::thread{[this, over](tcp::socket connection) {
                  serve(std::move(connection), over);
                  --connections_;
                },
                std::move(socket)}
        .detach();
  } catch (const std::exception& error) {  // the kernel has no thread left, or we want no more
    --connections_;
    say("a connection was closed unserved", error);
  }
}

/// The edge where exceptions end: one of them costs a connection, not the server.
void Server::serve(tcp::socket socket, bool over) try {
  over ? refuse(std::move(socket)) : Session{std::move(socket), service_}.run();
} catch (const std::exception& error) {
  say("a connection ended with an exception", error);
}

}  // namespace kv
