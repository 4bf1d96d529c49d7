#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <thread>

#include "limits.hpp"

namespace kv {

namespace asio = boost::asio;

namespace {

boost::system::error_code start(Worker& worker, tcp::socket socket) try {
  boost::system::error_code left;
  socket.set_option(tcp::no_delay{true}, left);  // a reply must not wait for the next one
  worker.start(std::move(socket));
  return {};
} catch (const std::bad_alloc&) {
  return asio::error::no_memory;
}

}  // namespace

Server::Server(const Shared& shared)
    : acceptor_{listen(context_, shared.options)},
      signals_{context_, SIGINT, SIGTERM},
      drain_timer_{context_},
      running_{shared.options.threads} {
  for (std::size_t i = 0; i < shared.options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared));
  }
}

void Server::run() {
  std::vector<std::jthread> threads;
  for (auto& worker : workers_) {
    threads.emplace_back([this, &worker] {
      worker->run();
      if (--running_ == 0) context_.stop();
    });
  }
  asio::co_spawn(context_, accept(),
                 asio::detached);  // it throws nothing, and ends with the acceptor
  signals_.async_wait([this](boost::system::error_code, int) { drain(); });
  context_.run();
  for (auto& worker : workers_) worker->stop();
}

awaitable<void> Server::accept() {
  constexpr std::chrono::milliseconds pause_min{10}, pause_max{1000};
  constexpr auto completed = asio::as_tuple(asio::use_awaitable);
  auto pause = pause_min;
  asio::steady_timer timer{context_};
  for (std::size_t turn = 0; acceptor_.is_open(); ++turn) {
    Worker& worker = *workers_[turn % workers_.size()];
    auto [failed, socket] = co_await acceptor_.async_accept(worker.context(), completed);
    if (!failed) failed = start(worker, std::move(socket));
    if (!failed) {
      pause = pause_min;
    } else if (failed != asio::error::operation_aborted) {
      // Most likely there is no descriptor left: without a pause that is a busy loop.
      spdlog::warn("cannot accept a connection: {}; next try in {} ms", failed.message(),
                   pause.count());
      timer.expires_after(pause);
      co_await timer.async_wait(completed);
      pause = std::min(2 * pause, pause_max);
    }
  }
}

void Server::drain() {
  spdlog::info("ending: no more connections, what has been received is answered");
  acceptor_.close();
  for (auto& worker : workers_) worker->drain();
  drain_timer_.expires_after(drain_time);
  drain_timer_.async_wait([this](boost::system::error_code) { context_.stop(); });
  signals_.async_wait([this](boost::system::error_code, int) { context_.stop(); });
}

}  // namespace kv
