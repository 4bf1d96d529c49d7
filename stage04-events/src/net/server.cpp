#include "net/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <system_error>

#include "base/fatal_error.hpp"
#include "base/limits.hpp"
#include "base/signals.hpp"

namespace kv {

namespace asio = boost::asio;

constexpr const char* second_signal = "kv-server: ended by a second signal\n";

Server::Server(const Shared& shared)
    : acceptor_{listen(context_, shared.options)},
      signals_{context_, SIGINT, SIGTERM},
      drain_timer_{context_},
      accept_timer_{context_},
      running_{shared.options.threads} {
  acceptor_.non_blocking(true);
  acceptor_.set_option(asio::socket_base::enable_connection_aborted{true});  // or Asio waits on
  for (std::size_t i = 0; i < shared.options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(shared));
  }
  expect_room(acceptor_);
  signals_.async_wait([this](boost::system::error_code, int) { drain(); });
  start_threads();
}

void Server::start_threads() try {
  for (auto& worker : workers_) {
    threads_.emplace_back([this, &worker] {
      worker->run();
      if (--running_ == 0) context_.stop();
    });
  }
} catch (const std::system_error& error) {
  throw FatalError{Exit::cannot_start,
                   "cannot start a thread: " + error.code().message() +
                       " (--threads asks for fewer; ulimit -u and -v bound them)"};
}

void Server::run() {
  run_to_the_end(context_, [this] {
    if (!accept_waits_ && acceptor_.is_open()) wait_for_connections();
  });
  // Not left to the end of signals_: then they would kill what has yet to be put away.
  signals_.clear();
  end_on_signals(second_signal);
}

void Server::wait_for_connections() {
  const auto then = [this](boost::system::error_code) {
    accept_waits_ = false;
    if (!acceptor_.is_open()) return;
    accept();
    wait_for_connections();
  };
  if (accept_pause_.count() > 0) {
    accept_timer_.expires_after(accept_pause_);
    accept_timer_.async_wait(then);
  } else {
    acceptor_.async_wait(tcp::acceptor::wait_read, then);
  }
  accept_waits_ = true;
}

void Server::accept() {
  constexpr std::chrono::milliseconds pause_min{10}, pause_max{1000};
  Worker& worker = *workers_[turn_++ % workers_.size()];
  boost::system::error_code failed;
  try {
    tcp::socket socket{worker.context()};
    acceptor_.accept(socket, failed);
    if (!failed) {
      set_options(socket);
      worker.start(std::move(socket));
    }
  } catch (const std::bad_alloc&) {
    failed = asio::error::no_memory;
  }
  const bool has_left =
      failed == asio::error::would_block || failed == asio::error::connection_aborted;
  if (!failed || has_left) {
    accept_pause_ = std::chrono::milliseconds{0};
    return;
  }
  // Most likely there is no descriptor left: without a pause that is a busy loop.
  accept_pause_ = std::clamp(2 * accept_pause_, pause_min, pause_max);
  spdlog::warn("cannot accept a connection: {}; next try in {} ms", failed.message(),
               accept_pause_.count());
}

void Server::drain() {
  end_on_signals(second_signal);  // which does not wait for the workers
  spdlog::info("ending: no more connections, what has been received is answered");
  acceptor_.close();
  try {
    signals_.async_wait([](boost::system::error_code error, int signal) {
      if (!error) std::raise(signal);  // Asio had it before
    });
    drain_timer_.expires_after(drain_time);
    drain_timer_.async_wait([this](boost::system::error_code) { context_.stop(); });
    for (auto& worker : workers_) worker->drain();
  } catch (const std::bad_alloc&) {  // half a drain would have no end
    context_.stop();
  }
}

}  // namespace kv
