#include "net/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "net/linger.hpp"
#include "wire/resp.hpp"

namespace kv {
namespace {

namespace asio = boost::asio;
using Input = boost::beast::flat_buffer;  // bytes received and not yet taken, in one piece

/// The next command; nullopt when the client has left.
Result<std::optional<Words>> receive(tcp::socket& socket, RespReader& reader, Input& input) {
  constexpr std::size_t read_bytes = 4096;
  while (true) {
    std::string_view bytes{static_cast<const char*>(input.data().data()), input.size()};
    auto command = reader.next(bytes);
    input.consume(input.size() - bytes.size());
    if (!command || *command) return command;

    boost::system::error_code ended;
    input.commit(socket.read_some(input.prepare(read_bytes), ended));
    if (ended) return std::nullopt;
  }
}

std::string unknown_command(const Words& words) {
  constexpr std::size_t shown_max = 128;  // as much as Redis shows
  std::string shown;
  for (std::size_t i = 1; i < words.size() && shown.size() < shown_max; ++i) {
    shown += "'" + words[i].substr(0, shown_max - shown.size()) + "' ";
  }
  return "ERR unknown command '" + words[0].substr(0, shown_max) +
         "', with args beginning with: " + shown;
}

std::string answer(const Words& words) {
  std::string out;
  if (!resp::is_name(words[0], "ping")) {
    resp::append_error(out, unknown_command(words));
  } else if (words.size() > 2) {
    resp::append_error(out, "ERR wrong number of arguments for 'ping' command");
  } else if (words.size() == 2) {
    resp::append_bulk(out, words[1]);
  } else {
    resp::append_simple(out, "PONG");
  }
  return out;
}

}  // namespace

void serve(tcp::socket socket) {
  RespReader reader;
  Input input;
  boost::system::error_code ended;
  while (!ended) {
    const auto command = receive(socket, reader, input);
    if (!command) {
      std::string out;
      resp::append_error(out, "ERR " + command.error().message);
      asio::write(socket, asio::buffer(out), ended);
      break;
    }
    if (!*command) break;
    asio::write(socket, asio::buffer(answer(**command)), ended);
  }
  lingering_close(socket);
}

}  // namespace kv
