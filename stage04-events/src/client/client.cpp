#include "client/client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/endian/conversion.hpp>
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <future>

#include "client/client_codec.hpp"
#include "wire/frame.hpp"

namespace kv {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

// The most that a server can be told to send.
constexpr std::size_t frame_bytes_max = 64 * 1024 * 1024;

Client::Client(std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
               std::string token)
    : host_{std::move(host)},
      port_{port},
      timeout_{timeout},
      token_{std::move(token)},
      socket_{context_} {}

Result<Response> Client::ask(const Request& request) {
  if (!socket_.is_open()) {
    connect();
    if (!token_.empty()) {
      if (auto welcome = exchange(Auth{token_}); !welcome) return welcome;
    }
  }
  return exchange(request);
}

Result<Response> Client::next_event() try {
  return response_from(finish(receive(), 0ms));
} catch (const boost::system::system_error& error) {
  throw ConnectionLost{server() + " has ended the connection: " + error.code().message()};
}

bool Client::closed_by_server() {
  if (!socket_.is_open()) return false;
  // Nothing but the end can be there to read: every answer has been taken.
  constexpr int end_follows_ms = 100;
  ::pollfd readable{socket_.native_handle(), POLLIN, 0};
  const bool closed = ::poll(&readable, 1, may_be_closed_ ? end_follows_ms : 0) == 1;
  if (closed) socket_.close();
  return closed;
}

void Client::connect() try {
  finish(reach(tcp::resolver{context_}.resolve(host_, std::to_string(port_))), timeout_);
  socket_.set_option(tcp::no_delay{true});
  socket_.set_option(tcp::socket::keep_alive{true});  // who watches has no timeout
} catch (const boost::system::system_error& error) {
  throw FatalError{Exit::no_connection, "cannot connect to " + server() + ": " +
                                            error.code().message() + " (is kv-server running?)"};
}

Result<Response> Client::exchange(const Request& request) try {
  return response_from(finish(send_and_receive(encode_request(request)), timeout_));
} catch (const boost::system::system_error& error) {
  throw ConnectionLost{server() +
                       " ended the connection before it answered: " + error.code().message()};
}

Result<Response> Client::response_from(const std::string& message) {
  auto response = decode_response(message);
  if (!response) throw FatalError{Exit::no_connection, response.error().message};
  const auto status = response->status;
  may_be_closed_ =
      status == Status::timed_out || status == Status::too_large || status == Status::overloaded;
  if (status != Status::ok) return Error{status, response->message};
  return response;
}

Client::Work Client::reach(tcp::resolver::results_type endpoints) {
  co_await asio::async_connect(socket_, endpoints, asio::use_awaitable);
  co_return std::string{};
}

Client::Work Client::send_and_receive(std::string message) {
  const auto header = frame_header(message.size());
  const std::array<asio::const_buffer, 2> frame{asio::buffer(header), asio::buffer(message)};
  co_await asio::async_write(socket_, frame, asio::use_awaitable);
  co_return co_await receive();
}

Client::Work Client::receive() {
  std::string frame(frame_header_bytes, '\0');
  co_await asio::async_read(socket_, asio::buffer(frame), asio::use_awaitable);
  const std::size_t length =
      boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(frame.data()));
  if (length > frame_bytes_max)
    throw FatalError{Exit::no_connection, server() + " does not speak our protocol"};
  frame.resize(length);
  co_await asio::async_read(socket_, asio::buffer(frame), asio::use_awaitable);
  co_return frame;
}

/// Runs the work until it is done. What cannot be done in time, or fails, costs the connection: an
/// answer that comes later would be taken for the next one.
std::string Client::finish(Work work, std::chrono::milliseconds limit) {
  auto result = asio::co_spawn(context_, std::move(work), asio::use_future);
  context_.restart();
  if (limit > 0ms) {
    context_.run_for(limit);
  } else {
    context_.run();
  }
  const bool late = result.wait_for(0s) != std::future_status::ready;
  try {
    if (!late) return result.get();
  } catch (...) {
    socket_.close();
    throw;
  }
  socket_.close();
  context_.run();  // the work sees it, and ends
  throw FatalError{Exit::no_connection,
                   fmt::format("no answer from {} within {} s (does it speak our protocol? "
                               "--timeout gives it longer)",
                               server(), std::chrono::duration<double>{limit}.count())};
}

}  // namespace kv
