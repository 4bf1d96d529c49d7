#include "net/server.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>

#include "net/session.hpp"

namespace kv {

Server::Server(const Options& options) : acceptor_{listen(context_, options)} {
  expect_room(acceptor_);
}

void Server::run() {
  constexpr std::chrono::milliseconds pause{100};  // without it, no descriptor left is a busy loop
  while (true) {
    boost::system::error_code failed;
    tcp::socket socket = acceptor_.accept(failed);
    if (failed) {
      spdlog::warn("cannot accept a connection: {}", failed.message());
      std::this_thread::sleep_for(pause);
      continue;
    }
    set_options(socket);
    serve(std::move(socket));
  }
}

}  // namespace kv
