#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include "limits.hpp"
#include "start_error.hpp"

namespace kv {

namespace asio = boost::asio;

namespace {

/// Lets the workers end before their threads are joined, also when there are too few of these.
struct StopAtEnd {
  ~StopAtEnd() {
    for (const auto& worker : workers) worker->stop();
  }
  const std::vector<std::unique_ptr<Worker>>& workers;
};

}  // namespace

void end_on_signals() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { std::_Exit(0); });
}

Server::Server(const Shared& shared)
    : acceptor_{listen(context_, shared.options)},
      signals_{context_, SIGINT, SIGTERM},
      drain_timer_{context_},
      running_{shared.options.threads} {
  for (std::size_t i = 0; i < shared.options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared));
  }
}

void Server::run() try {
  std::vector<std::jthread> threads;
  const StopAtEnd stop{workers_};
  for (auto& worker : workers_) {
    threads.emplace_back([this, &worker] {
      worker->run();
      if (--running_ == 0) context_.stop();
    });
  }
  asio::co_spawn(context_, accept(), asio::detached);  // it ends with the acceptor
  signals_.async_wait([this](boost::system::error_code, int) { drain(); });
  run_to_the_end(context_);
} catch (const std::system_error& error) {
  throw StartError{Exit::cannot_start, std::string{"cannot start a thread: "} + error.what()};
}

awaitable<void> Server::accept() {
  constexpr std::chrono::milliseconds pause_min{10}, pause_max{1000};
  constexpr auto completed = asio::as_tuple(asio::use_awaitable);
  auto pause = pause_min;
  asio::steady_timer timer{context_};
  boost::system::error_code failed;
  for (std::size_t turn = 0; acceptor_.is_open(); ++turn) {
    Worker& worker = *workers_[turn % workers_.size()];
    try {
      if (failed) co_await timer.async_wait(completed);
      auto [left, socket] = co_await acceptor_.async_accept(worker.context(), completed);
      failed = left;
      if (!failed) {
        socket.set_option(tcp::no_delay{true}, left);  // a reply must not wait for the next one
        worker.start(std::move(socket));
        pause = pause_min;
      }
    } catch (const std::bad_alloc&) {
      failed = asio::error::no_memory;
    }
    if (failed && failed != asio::error::operation_aborted && acceptor_.is_open()) {
      // Most likely there is no descriptor left: without a pause that is a busy loop.
      spdlog::warn("cannot accept a connection: {}; next try in {} ms", failed.message(),
                   pause.count());
      timer.expires_after(pause);
      pause = std::min(2 * pause, pause_max);
    }
  }
}

void Server::drain() {
  signals_.clear();
  end_on_signals();  // a worker may wait for the disk, and a second signal does not
  spdlog::info("ending: no more connections, what has been received is answered");
  acceptor_.close();
  for (auto& worker : workers_) worker->drain();
  drain_timer_.expires_after(drain_time);
  drain_timer_.async_wait([this](boost::system::error_code) { context_.stop(); });
}

}  // namespace kv
