// The short version of this stage, all of it at once: frames with protobuf messages in them, a
// coroutine for each connection, one thread, five commands. It speaks the stage's protocol, so
// kv-client can talk to it. What it lacks is what the other files are about: it makes room for
// whatever length it is told, writes each answer by itself, waits for a silent client for ever, and
// makes a table when one is only asked for.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/endian/conversion.hpp>

#include <array>
#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "base/flags.hpp"
#include "proto/kv.pb.h"

namespace {

namespace asio = boost::asio;
using asio::awaitable, asio::ip::tcp;
using kv::wire::CommandRequest, kv::wire::CommandResponse, kv::wire::Value;

constexpr auto completed = asio::as_tuple(asio::use_awaitable);  // errors as values
constexpr std::size_t frame_bytes_max = 4 * 1024 * 1024;

using Tables = std::map<std::string, std::map<std::string, Value>>;

CommandResponse execute(const CommandRequest& request, Tables& tables) {
  CommandResponse response;
  response.set_status(200);
  if (request.has_ping()) {
    const auto& message = request.ping().message();
    response.set_message(message.empty() ? "PONG" : message);
  } else if (request.has_hset()) {
    const auto& pair = request.hset().pair();
    Value& value = tables[request.hset().table()][pair.key()];
    *response.add_values() = std::exchange(value, pair.value());
  } else if (request.has_hget()) {
    const auto& table = tables[request.hget().table()];
    if (const auto found = table.find(request.hget().key()); found != table.end()) {
      *response.add_values() = found->second;
    } else {
      response.set_status(404);
      response.set_message("Not found: key '" + request.hget().key() + "'");
    }
  } else if (request.has_hgetall()) {
    for (const auto& [key, value] : tables[request.hgetall().table()]) {
      auto& pair = *response.add_pairs();
      pair.set_key(key);
      *pair.mutable_value() = value;
    }
  } else if (request.has_hdel()) {
    const auto removed = tables[request.hdel().table()].extract(request.hdel().key());
    *response.add_values() = removed ? removed.mapped() : Value{};
  } else {
    response.set_status(400);
    response.set_message("no command in the message, or none that is known here");
  }
  return response;
}

/// One connection: a length, so many bytes, an answer, and again.
awaitable<void> serve(tcp::socket socket, Tables& tables) {
  while (true) {
    std::array<unsigned char, 4> header{};
    const auto [left, header_bytes] =
        co_await asio::async_read(socket, asio::buffer(header), completed);
    const std::size_t length = boost::endian::load_big_u32(header.data());
    if (left || length > frame_bytes_max) co_return;

    std::string message(length, '\0');
    const auto [cut, message_bytes] =
        co_await asio::async_read(socket, asio::buffer(message), completed);
    CommandRequest request;
    if (cut || !request.ParseFromString(message)) co_return;

    std::string answer(header.size(), '\0');
    execute(request, tables).AppendToString(&answer);
    boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(answer.data()),
                                 static_cast<std::uint32_t>(answer.size() - header.size()));
    const auto [unread, answer_bytes] =
        co_await asio::async_write(socket, asio::buffer(answer), completed);
    if (unread) co_return;
  }
}

awaitable<void> accept(tcp::acceptor acceptor, Tables& tables) {
  while (true) {
    auto [failed, socket] = co_await acceptor.async_accept(completed);
    if (failed) continue;
    auto session = serve(std::move(socket), tables);  // named: GCC 107288
    asio::co_spawn(acceptor.get_executor(), std::move(session), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint16_t port = 9527;
  CLI::App app{"The short version of stage 3."};
  kv::add_number(app, "--port", port, "port to listen on; 0 picks a free one");
  CLI11_PARSE(app, argc, argv);
  Tables tables;  // of one thread: no lock
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
  asio::co_spawn(context, accept(std::move(acceptor), tables), asio::detached);
  context.run();
} catch (const std::exception& error) {
  std::cerr << "short: " << error.what() << '\n';
  return 1;
}
