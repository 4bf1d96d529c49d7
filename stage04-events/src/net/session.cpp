#include "net/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <tuple>

#include "base/limits.hpp"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace kv {
namespace {

constexpr auto completed = boost::asio::as_tuple(boost::asio::use_awaitable);  // errors as values

Clock::time_point after(Clock::time_point begin, std::chrono::milliseconds timeout) {
  return timeout.count() == 0 ? Clock::time_point::max() : begin + timeout;  // 0 is off
}

std::string peer_of(const tcp::socket& socket) {
  boost::system::error_code left;
  const auto peer = socket.remote_endpoint(left);
  return peer.address().to_string() + ":" + std::to_string(peer.port());
}

}  // namespace

Session::Session(tcp::socket socket, const Shared& shared)
    : socket_{std::move(socket)}, shared_{shared} {
  connection_.peer = peer_of(socket_);
  connection_.authenticated = shared_.options.auth_token_file.empty();
  ++shared_.load.connections;
}

Session::~Session() {
  if (watcher_) shared_.watch_hub.unwatch(watched_table_, watcher_);
  --shared_.load.connections;
  shared_.load.input_bytes -= charged_bytes_;
}

awaitable<void> Session::run() {
  auto next = Next::receive;
  while (next != Next::close && !connection_.close) {
    if (next == Next::receive && !co_await receive()) break;
    next = execute();
    if (!co_await send()) break;
  }
  co_await lingering_close();
}

awaitable<void> Session::refuse(const Error& reason) {
  answer({.status = reason.status, .message = reason.message});
  (void)co_await send();  // whether it was read or not, the connection ends
  co_await lingering_close();
}

awaitable<bool> Session::receive() {
  const auto room = input_.prepare(read_bytes_);
  if (!charge_input()) {
    drop_input();
    answer({.status = Status::overloaded,
            .message = "too many bytes of unfinished frames; try again later"});
    (void)co_await send();  // the end in any case
    co_return false;
  }
  set_receive_deadline();
  if (watcher_ && !watcher_->empty()) wake_soon();  // looks at the client, and comes back at once
  woken_ = false;
  receiving_ = true;
  const auto [left, bytes] = co_await socket_.async_read_some(room, completed);
  receiving_ = false;
  input_.commit(bytes);
  if (bytes >= read_bytes_) read_bytes_ = std::min(2 * read_bytes_, read_bytes_max);
  if (left && expired_ && frame_begun_) {
    answer({.status = Status::timed_out, .message = "a frame was begun and did not end in time"});
    (void)co_await send();
  }
  if (woken_ && !expired_ && left == boost::asio::error::operation_aborted) co_return true;
  if (left && watcher_) shared_.watch_hub.unwatch(watched_table_, watcher_);
  while (left && watcher_ && !watcher_->empty() && !connection_.close && co_await send()) {
  }  // what came before the end
  co_return !left;
}

Session::Next Session::execute() {
  std::string_view bytes{static_cast<const char*>(input_.data().data()), input_.size()};
  auto next = Next::execute;
  bool took_long = false;
  while (next == Next::execute && answers_bytes_ < answers_waiting_max && !took_long &&
         !connection_.close) {
    const auto frame = next_frame(bytes, frame_bytes_max());
    if (!frame) {
      shared_.foreign_log->add(connection_.peer, bytes, frame.error().message);
      answer({.status = frame.error().status, .message = frame.error().message});
      next = Next::close;
    } else if (!*frame) {
      next = Next::receive;
    } else if (auto request = decode(**frame, items_limit(shared_.options.frame_bytes_max));
               !request) {
      answer({.status = request.error().status, .message = request.error().message});
    } else {
      answer(run_command(*request), true);
      took_long =  // so others have their turn
          std::holds_alternative<Hgetall>(*request) || std::holds_alternative<Info>(*request);
    }
  }
  if (bytes.size() < input_.size()) frame_begun_.reset();
  input_.consume(input_.size() - bytes.size());
  if (input_.capacity() > std::max(kept_bytes_max, 4 * input_.size())) input_.shrink_to_fit();
  if (input_.size() == 0) (void)charge_input();  // it counts no longer
  return next;
}

void Session::answer(Response response, bool has_hooks) {
  answers_bytes_ += wire_bytes(response);
  answers_.push_back({std::move(response), has_hooks});
}

Response Session::run_command(const Request& request) {
  if (watcher_)
    return {.status = Status::bad_request, .message = "this connection watches a table"};
  if (auto response = shared_.hooks->received(connection_, request)) return std::move(*response);
  auto response = shared_.service.execute(request);
  const auto* watch = std::get_if<Watch>(&request);
  if (watch && response.status == Status::ok) start_watch(watch->table);
  shared_.hooks->executed(connection_, request, response);
  return response;
}

awaitable<bool> Session::send() {
  const std::string events = take_events();
  if (answers_.empty() && events.empty()) co_return true;
  std::size_t with_hooks = 0;
  for (auto& answer : answers_) {
    if (answer.has_hooks) {
      shared_.hooks->before_send(connection_, answer.response);
      ++with_hooks;
    }
    encode(answer.response, shared_.options.frame_bytes_max, output_);
  }
  answers_.clear();
  if (answers_.capacity() * sizeof(Answer) > kept_bytes_max) answers_.shrink_to_fit();
  answers_bytes_ = 0;
  output_ += events;  // after the answer to WATCH, which came before them
  deadline_ = after(Clock::now(), shared_.options.idle_timeout);
  const auto [left, bytes] =
      co_await boost::asio::async_write(socket_, boost::asio::buffer(output_), completed);
  output_.clear();
  if (output_.capacity() > kept_bytes_max) output_.shrink_to_fit();
  if (left) co_return false;
  for (; with_hooks > 0; --with_hooks) shared_.hooks->after_send(connection_);
  co_return true;
}

/// Closes so that the client can still read what was sent to it: says that no more will come, and
/// discards what the client goes on to send, for linger_time at most. A plain close with input
/// unread makes the kernel reset the connection: a client that is still sending fails before it
/// reads.
awaitable<void> Session::lingering_close() {
  boost::system::error_code ended;
  socket_.shutdown(tcp::socket::shutdown_send, ended);
  deadline_ = Clock::now() + linger_time;
  drop_input();
  expired_ = false;
  while (!ended && !expired_) {  // input that is there already is read without a wait
    std::tie(ended, std::ignore) =
        co_await socket_.async_read_some(input_.prepare(read_bytes_), completed);
  }
  socket_.close(ended);
}

bool Session::charge_input() {
  const std::size_t held = input_.size() == 0 ? 0 : input_.capacity();
  if (held == charged_bytes_) return true;
  shared_.load.input_bytes += held - charged_bytes_;  // modulo 2^64, so also down
  charged_bytes_ = held;
  return shared_.load.input_bytes <= input_bytes_max;
}

/// A frame must end in its time from its beginning on; between frames, idleness is counted.
void Session::set_receive_deadline() {
  const auto now = Clock::now();
  expired_ = false;
  if (input_.size() == 0 && watcher_) {
    deadline_ = Clock::time_point::max();
  } else if (input_.size() == 0) {
    deadline_ = after(now, shared_.options.idle_timeout);
  } else {
    if (!frame_begun_) frame_begun_ = now;
    deadline_ = after(*frame_begun_, shared_.options.frame_timeout);
  }
}

std::size_t Session::frame_bytes_max() const {
  const auto most = shared_.options.frame_bytes_max;
  return connection_.authenticated ? most : std::min(most, frame_bytes_before_auth_max);
}

void Session::drain() {
  boost::system::error_code ended;
  // From now on a read gives what has come already, and then the end.
  socket_.shutdown(tcp::socket::shutdown_receive, ended);
}

void Session::check_deadline(Clock::time_point now) {
  if (now < deadline_) return;
  expired_ = true;  // and called again until the session has seen it: it may just not be waiting
  boost::system::error_code ended;
  socket_.cancel(ended);
}

}  // namespace kv
