#include "net/server.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include "net/session.hpp"

namespace kv {

Server::Server(std::uint16_t port) : acceptor_{listen(context_, port)} { expect_room(acceptor_); }

void Server::run() {
  constexpr std::chrono::milliseconds pause{100};  // without it, no descriptor left is a busy loop
  while (true) {
    boost::system::error_code failed;
    tcp::socket socket = acceptor_.accept(failed);
    if (failed) {
      std::cerr << "kv-server: cannot accept a connection: " + failed.message() + "\n";
      std::this_thread::sleep_for(pause);
      continue;
    }
    set_options(socket);
    serve(std::move(socket));
  }
}

}  // namespace kv
