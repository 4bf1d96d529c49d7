#include "net/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/limits.hpp"
#include "net/linger.hpp"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace kv {
namespace {

constexpr auto completed = boost::asio::as_tuple(boost::asio::use_awaitable);  // errors as values

std::string peer_of(const tcp::socket& socket) {
  boost::system::error_code unknown;
  const auto peer = socket.remote_endpoint(unknown);
  return peer.address().to_string() + ":" + std::to_string(peer.port());
}

}  // namespace

Session::Session(tcp::socket socket, const Shared& shared)
    : socket_{std::move(socket)}, shared_{shared}, input_{shared.load} {
  ++shared_.load.connections;
}

Session::~Session() { --shared_.load.connections; }

awaitable<void> Session::run() {
  auto next = Next::receive;
  while (next != Next::close) {
    if (next == Next::receive && !co_await receive()) break;
    next = execute();
    if (!co_await send()) break;
  }
  input_.drop();
  co_await lingering_close(socket_, deadline_);
}

awaitable<void> Session::refuse(const Error& reason) {
  answer({.status = reason.status, .message = reason.message});
  (void)co_await send();  // whether it was read or not, the connection ends
  co_await lingering_close(socket_, deadline_);
}

awaitable<bool> Session::receive() {
  const auto room = input_.prepare();
  if (!room) {
    answer({.status = Status::overloaded,
            .message = "too many bytes of unfinished frames; try again later"});
    (void)co_await send();  // the end in any case
    co_return false;
  }
  set_receive_deadline();
  const auto [error, bytes] = co_await socket_.async_read_some(*room, completed);
  input_.commit(bytes);
  if (error && deadline_.passed() && input_.frame_begun()) {
    answer({.status = Status::timed_out, .message = "a frame was begun and did not end in time"});
    (void)co_await send();
  }
  co_return !error;
}

/// A frame must end in its time from its beginning on; between frames, idleness is counted.
void Session::set_receive_deadline() {
  if (const auto begun = input_.frame_begun()) {
    deadline_.set(*begun, shared_.options.frame_timeout);
  } else {
    deadline_.set(Clock::now(), shared_.options.idle_timeout);
  }
}

Session::Next Session::execute() {
  auto bytes = input_.bytes();
  auto next = Next::execute;
  bool took_long = false;
  while (next == Next::execute && output_.size() < answers_waiting_max && !took_long) {
    const auto frame = next_frame(bytes, shared_.options.frame_bytes_max);
    if (!frame) {
      shared_.foreign_log->add(peer_of(socket_), bytes, frame.error().message);
      answer({.status = frame.error().status, .message = frame.error().message});
      next = Next::close;
    } else if (!*frame) {
      next = Next::receive;
    } else if (auto request = decode(**frame, items_limit(shared_.options.frame_bytes_max));
               !request) {
      answer({.status = request.error().status, .message = request.error().message});
    } else {
      answer(shared_.service.execute(*request));
      took_long = std::holds_alternative<Hgetall>(*request);  // so others have their turn
    }
  }
  input_.consume(input_.bytes().size() - bytes.size());
  return next;
}

void Session::answer(Response response) {
  encode(response, shared_.options.frame_bytes_max, output_);
}

awaitable<bool> Session::send() {
  if (output_.empty()) co_return true;
  deadline_.set(Clock::now(), shared_.options.idle_timeout);
  const auto [error, bytes] =
      co_await boost::asio::async_write(socket_, boost::asio::buffer(output_), completed);
  output_.clear();
  if (output_.capacity() > kept_bytes_max) output_.shrink_to_fit();
  co_return !error;
}

void Session::drain() {
  boost::system::error_code ended;
  // A read gives what is there, and the end when nothing is: Linux goes on receiving, though.
  socket_.shutdown(tcp::socket::shutdown_receive, ended);
}

void Session::check_deadline(Clock::time_point now) {
  if (!deadline_.passed(now)) return;
  boost::system::error_code ended;
  socket_.cancel(ended);  // again until the session has seen it: it may just not be waiting
}

}  // namespace kv
