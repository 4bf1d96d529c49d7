// Stage 2's server with one thread for all connections: a coroutine for each takes the place of a
// thread for each. The protocol, the commands and the table are stage 2's own code; what waits is
// new, and is all that stands here. It passes stage 2's tests of protocol, table and connections,
// and has its weakness: nobody says how long a client may take.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <tuple>

#include "base/flags.hpp"
#include "base/limits.hpp"
#include "command/service.hpp"
#include "net/http.hpp"
#include "net/linger.hpp"
#include "net/listen.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"
#include "wire/connection_commands.hpp"
#include "wire/resp.hpp"

namespace kv {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr auto completed = asio::as_tuple(asio::use_awaitable);  // errors as values

struct Connection {
  tcp::socket socket;
  RespReader reader = {};
  ConnectionCommands commands = {};
  boost::beast::flat_buffer input = {};  // received and not yet executed
  std::string output = {};               // answers to send
};

enum class Next { receive, execute, close };

/// What stage 2's session does between a read and a write. Here nothing waits, so nothing changed.
Next execute(Connection& connection, Service& service) {
  auto& [socket, reader, commands, input, output] = connection;
  std::string_view bytes{static_cast<const char*>(input.data().data()), input.size()};
  auto next = Next::execute;
  while (next == Next::execute && output.size() < answers_waiting_max) {
    auto words = reader.next(bytes);
    if (!words) {
      resp::append_error(output, "ERR " + words.error().message);
      next = Next::close;
    } else if (!*words) {
      next = Next::receive;
    } else if (is_http(**words, socket)) {
      next = Next::close;
    } else if (const auto answered = commands.answer(**words, output);
               answered != ConnectionCommands::Answered::no) {
      if (answered == ConnectionCommands::Answered::and_close) next = Next::close;
    } else if (auto call = decode(std::move(**words)); !call) {
      resp::append_error(output, "ERR " + call.error().message);
    } else {
      encode(service.execute(call->request), call->shape, output);
    }
  }
  input.consume(input.size() - bytes.size());
  if (input.capacity() > std::max(kept_bytes_max, 4 * input.size())) input.shrink_to_fit();
  return next;
}

awaitable<void> discard_input(tcp::socket& socket) {
  std::array<char, 4096> discarded;
  for (boost::system::error_code ended; !ended;) {
    std::tie(ended, std::ignore) =
        co_await socket.async_read_some(asio::buffer(discarded), completed);
  }
}

/// lingering_close of stage 2, which would stop the thread, and all other clients with it.
awaitable<void> close_lingering(tcp::socket& socket) {
  using namespace asio::experimental::awaitable_operators;
  boost::system::error_code ended;
  socket.shutdown(tcp::socket::shutdown_send, ended);
  asio::steady_timer timer{socket.get_executor(), linger_time};
  co_await (discard_input(socket) || timer.async_wait(asio::use_awaitable));  // what ends first
  socket.close(ended);
}

/// One connection, from its first byte to its last: it reads like the thread of stage 2, but at
/// each co_await the thread goes to somebody else, and comes back when there is something to do.
awaitable<void> serve(tcp::socket socket, Service& service) {
  Connection connection{std::move(socket)};
  auto& [stream, reader, commands, input, output] = connection;
  auto next = Next::receive;
  while (next != Next::close) {
    if (next == Next::receive) {
      const auto room = input.prepare(read_bytes_max);
      const auto [ended, bytes] = co_await stream.async_read_some(room, completed);
      if (ended) break;
      input.commit(bytes);
    }
    next = execute(connection, service);
    const auto [ended, bytes] = co_await asio::async_write(stream, asio::buffer(output), completed);
    if (ended) break;
    output.clear();
    if (output.capacity() > kept_bytes_max) output.shrink_to_fit();
  }
  co_await close_lingering(stream);
}

awaitable<void> refuse(tcp::socket socket) {
  const std::string reason = "-ERR max number of clients reached\r\n";
  (void)co_await asio::async_write(socket, asio::buffer(reason), completed);
  co_await close_lingering(socket);
}

awaitable<void> accept(tcp::acceptor& acceptor, std::uint32_t connections_max, Service& service) {
  std::uint32_t connections = 0;  // one thread: no lock, no atomic
  while (true) {
    auto [failed, socket] = co_await acceptor.async_accept(completed);
    if (failed) {
      std::cerr << "coroutines: cannot accept a connection: " + failed.message() + "\n";
      asio::steady_timer pause{acceptor.get_executor(), std::chrono::milliseconds{100}};
      (void)co_await pause.async_wait(completed);
      continue;
    }
    set_options(socket);
    const bool over = connections++ >= connections_max;
    auto session = over ? refuse(std::move(socket)) : serve(std::move(socket), service);
    const auto ended = [&connections](std::exception_ptr) { --connections; };  // GCC 107288: named
    asio::co_spawn(acceptor.get_executor(), std::move(session), ended);
  }
}

}  // namespace
}  // namespace kv

int main(int argc, char** argv) {
  const auto end = [](int) { std::_Exit(0); };
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);
  std::uint16_t port = 9527;
  std::uint32_t max_connections = 10'000;
  CLI::App app{"Stage 2's server, with coroutines in place of threads."};
  kv::add_number(app, "--port", port, "port to listen on; 0 picks a free one");
  kv::add_number(app, "--max-connections", max_connections, "clients at a time", 1u);
  try {
    if (!kv::parse_flags(app, argc, argv)) return 0;
    kv::MemTable storage{kv::answer_limit()};
    kv::Service service{storage};
    boost::asio::io_context context{1};
    auto acceptor = kv::listen(context, port);
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    boost::asio::co_spawn(context,
                          kv::accept(acceptor, kv::connection_limit(max_connections), service),
                          [](std::exception_ptr error) {
                            if (error) std::rethrow_exception(error);
                          });
    context.run();
  } catch (const kv::FatalError& error) {
    std::cerr << "coroutines: " << error.what() << '\n';
    return error.exit_status();
  }
}
