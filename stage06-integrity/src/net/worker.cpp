#include "net/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>
#include <thread>

#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace kv {
namespace {

/// The edge where exceptions end: one of them costs a connection, not the server.
void log_exception(std::exception_ptr thrown) try {
  if (thrown) std::rethrow_exception(thrown);
} catch (const std::exception& error) {
  spdlog::error("a connection ended with an exception: {}", error.what());
}

Error too_many(const Options& options) {
  return {Status::overloaded,
          "too many connections; the limit is " + std::to_string(options.max_connections)};
}

/// Says why, as far as that takes no wait, and closes.
void refuse_at_once(tcp::socket socket, const Options& options) {
  const Error reason = too_many(options);
  std::string answer;
  encode({.status = reason.status, .message = reason.message}, options.frame_bytes_max, answer);
  boost::system::error_code error;  // whether it was read or not, the connection ends
  socket.non_blocking(true, error);
  boost::asio::write(socket, boost::asio::buffer(answer), error);
}

}  // namespace

void run_to_the_end(boost::asio::io_context& context, const std::function<void()>& go_on) {
  constexpr std::chrono::milliseconds pause{10};  // without it, no memory left is a busy loop
  while (!context.stopped()) {
    try {
      go_on();
      context.run();  // returns when there is nothing left to do: it is stopped then
    } catch (const std::bad_alloc&) {
      spdlog::error("out of memory");
      std::this_thread::sleep_for(pause);
    }
  }
}

void Worker::run() {
  run_to_the_end(context_, [this] {
    if (!timer_waits_) wait_for_deadlines();
  });
}

void Worker::start(tcp::socket socket) {
  const auto& options = shared_.options;
  if (shared_.load.sockets >= std::uint64_t{options.max_connections} + refusals_max)
    return refuse_at_once(std::move(socket), options);
  const bool over = shared_.load.sockets >= options.max_connections;  // in the order of arrival
  Place place{shared_.load.sockets};
  boost::asio::co_spawn(context_, serve(std::move(place), std::move(socket), over), log_exception);
}

awaitable<void> Worker::serve(Place, tcp::socket socket, bool over) {
  Session session{std::move(socket), shared_, barrier_};
  sessions_.push_back(session);  // and the session's end takes it out
  if (draining_) session.drain();
  if (over) {
    // A name of its own: GCC 12 destroys an aggregate that is a temporary of a co_await twice.
    const Error reason = too_many(shared_.options);
    co_await session.refuse(reason);
  } else {
    co_await session.run();
  }
}

/// One timer for all: a watchdog for each connection would cost more than the connection.
void Worker::wait_for_deadlines() {
  using namespace std::chrono_literals;
  std::chrono::milliseconds period = 250ms;
  for (const auto timeout : {shared_.options.idle_timeout, shared_.options.frame_timeout}) {
    if (timeout > 0ms) period = std::clamp(timeout / 4, 10ms, period);
  }
  timer_.expires_after(period);
  timer_.async_wait([this](boost::system::error_code) {
    timer_waits_ = false;
    const auto now = Clock::now();
    for (auto& session : sessions_) session.check_deadline(now);
    if (!draining_ || !sessions_.empty()) wait_for_deadlines();
  });
  timer_waits_ = true;
}

void Worker::drain() {
  boost::asio::post(context_, [this] {
    draining_ = true;
    work_.reset();
    for (auto& session : sessions_) session.drain();
  });
}

}  // namespace kv
