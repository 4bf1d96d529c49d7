#include "net/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

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
  connection_.peer = peer_of(socket_);
  connection_.authenticated = shared_.options.auth_token_file.empty();
  ++shared_.load.connections;
}

Session::~Session() { --shared_.load.connections; }

awaitable<void> Session::run() {
  auto next = Next::receive;
  while (next != Next::close && !connection_.close) {
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
  const auto woken = watching_ ? watching_->event_waits() : boost::asio::cancellation_slot{};
  const auto [error, bytes] = co_await socket_.async_read_some(
      *room, boost::asio::bind_cancellation_slot(woken, completed));
  input_.commit(bytes);
  const bool late = error && deadline_.passed();
  if (late && input_.frame_begun()) {
    answer({.status = Status::timed_out, .message = "a frame was begun and did not end in time"});
    (void)co_await send();
  }
  if (error == boost::asio::error::operation_aborted && !late) co_return true;  // woken
  if (error && watching_) co_await end_watch();
  co_return !error;
}

/// A frame must end in its time from its beginning on; between frames, idleness is counted.
void Session::set_receive_deadline() {
  if (const auto begun = input_.frame_begun()) {
    deadline_.set(*begun, shared_.options.frame_timeout);
  } else {
    constexpr std::chrono::milliseconds off{0};  // a watcher has nothing to say
    deadline_.set(Clock::now(), watching_ ? off : shared_.options.idle_timeout);
  }
}

Session::Next Session::execute() {
  auto bytes = input_.bytes();
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
    } else if (watching_) {
      answer({.status = Status::bad_request, .message = "this connection watches a table"});
    } else {
      answer(*request);
      took_long =  // so others have their turn
          std::holds_alternative<Hgetall>(*request) || std::holds_alternative<Info>(*request);
    }
  }
  input_.consume(input_.bytes().size() - bytes.size());
  return next;
}

void Session::answer(Response response) {
  answers_bytes_ += sizeof(Answer) + wire_bytes(response);
  answers_.push_back({std::move(response), std::nullopt});
}

void Session::answer(const Request& request) {
  auto& [response, exchange] = answers_.emplace_back();
  response = run_command(exchange.emplace(connection_), request);
  answers_bytes_ += sizeof(Answer) + wire_bytes(response);
}

Response Session::run_command(Exchange& exchange, const Request& request) {
  if (auto response = shared_.hooks->received(exchange, request)) return std::move(*response);
  auto response = shared_.service.execute(request);
  const auto* watch = std::get_if<Watch>(&request);
  if (watch && response.status == Status::ok) {
    watching_ =
        std::make_unique<SessionWatch>(shared_.watch_hub, watch->table, socket_.get_executor());
  }
  shared_.hooks->executed(exchange, request, response);
  return response;
}

awaitable<bool> Session::send() {
  const std::string events = take_events();
  if (answers_.empty() && events.empty()) co_return true;
  for (auto& [response, exchange] : answers_) {
    if (exchange) shared_.hooks->before_send(*exchange, response);
    encode(response, shared_.options.frame_bytes_max, output_);
    if (exchange) exchange->status = response.status;
    response = {};  // or it is held twice for a client that does not read
  }
  output_ += events;  // after the answer to WATCH, which came before them
  deadline_.set(Clock::now(), shared_.options.idle_timeout);
  const auto [error, bytes] =
      co_await boost::asio::async_write(socket_, boost::asio::buffer(output_), completed);
  output_.clear();
  if (output_.capacity() > kept_bytes_max) output_.shrink_to_fit();
  for (auto& answer : answers_) {
    if (answer.exchange && !error) shared_.hooks->after_send(*answer.exchange);
  }
  answers_.clear();
  if (answers_.capacity() * sizeof(Answer) > kept_bytes_max) answers_.shrink_to_fit();
  answers_bytes_ = 0;
  co_return !error;
}

std::size_t Session::frame_bytes_max() const {
  const auto most = shared_.options.frame_bytes_max;
  return connection_.authenticated ? most : std::min(most, frame_bytes_before_auth_max);
}

std::string Session::take_events() {
  if (!watching_) return {};
  if (auto events = watching_->take()) return std::move(*events);
  connection_.close = true;
  std::string reason;
  encode({.status = Status::overloaded, .message = "events were not read in time, and are lost"},
         shared_.options.frame_bytes_max, reason);
  return reason;
}

awaitable<void> Session::end_watch() {
  watching_->end();
  bool sent = true;
  while (sent && !watching_->empty() && !connection_.close) sent = co_await send();
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
