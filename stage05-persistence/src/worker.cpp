#include "worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>

#include "limits.hpp"

namespace kv {
namespace {

/// The edge where exceptions end: one of them costs a connection, not the server.
void log_exception(std::exception_ptr thrown) try {
  if (thrown) std::rethrow_exception(thrown);
} catch (const std::exception& error) {
  spdlog::error("a connection ended with an exception: {}", error.what());
}

}  // namespace

void run_to_the_end(boost::asio::io_context& context) {
  while (!context.stopped()) {
    try {
      context.run();  // returns when there is nothing left to do: it is stopped then
    } catch (const std::bad_alloc&) {
      spdlog::error("out of memory");
    }
  }
}

void Worker::run() {
  boost::asio::co_spawn(context_, check_deadlines(), log_exception);
  run_to_the_end(context_);
}

void Worker::start(tcp::socket socket) {
  boost::asio::co_spawn(context_, serve(std::move(socket)), log_exception);
}

awaitable<void> Worker::serve(tcp::socket socket) {
  Session session{std::move(socket), shared_, barrier_};
  sessions_.push_back(session);  // and the session's end takes it out
  if (draining_) session.drain();
  if (shared_.load.connections > shared_.options.max_connections) {
    // A name of its own: GCC 12 destroys an aggregate that is a temporary of a co_await twice.
    const Error reason{Status::overloaded, "too many connections; the limit is " +
                                               std::to_string(shared_.options.max_connections)};
    co_await session.refuse(reason);
  } else {
    co_await session.run();
  }
}

/// One timer for all: a watchdog for each connection would cost more than the connection.
awaitable<void> Worker::check_deadlines() {
  using namespace std::chrono_literals;
  std::chrono::milliseconds period = 250ms;
  for (const auto timeout : {shared_.options.idle_timeout, shared_.options.frame_timeout}) {
    if (timeout > 0ms) period = std::clamp(timeout / 4, 10ms, period);
  }
  while (!draining_ || !sessions_.empty()) {
    timer_.expires_after(period);
    co_await timer_.async_wait(boost::asio::use_awaitable);
    const auto now = Clock::now();
    for (auto& session : sessions_) session.check_deadline(now);
  }
}

void Worker::drain() {
  boost::asio::post(context_, [this] {
    draining_ = true;
    for (auto& session : sessions_) session.drain();
  });
}

}  // namespace kv
