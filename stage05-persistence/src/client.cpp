#include "client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/endian/conversion.hpp>

#include <array>

#include "client_codec.hpp"
#include "frame.hpp"
#include "start_error.hpp"

namespace kv {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t frame_bytes_max =
    64 * 1024 * 1024;  // the most that a server can be told to send

Client::Client(std::string host, std::uint16_t port, std::string token)
    : host_{std::move(host)}, port_{port}, token_{std::move(token)}, socket_{context_} {}

void Client::connect() {
  const auto port = std::to_string(port_);
  try {
    asio::connect(socket_, tcp::resolver{context_}.resolve(host_, port));
    socket_.set_option(tcp::no_delay{true});
  } catch (const boost::system::system_error& error) {
    throw StartError{Exit::no_connection, "cannot connect to " + host_ + ":" + port + ": " +
                                              error.code().message() + " (is kv-server running?)"};
  }
}

Result<Response> Client::ask(const Request& request) {
  if (!socket_.is_open()) {
    connect();
    if (!token_.empty()) {
      if (auto welcome = exchange(Auth{token_}); !welcome) return welcome;
    }
  }
  return exchange(request);
}

Result<Response> Client::exchange(const Request& request) try {
  const auto message = encode_request(request);
  const auto header = frame_header(message.size());
  asio::write(socket_, std::array{asio::buffer(header), asio::buffer(message)});
  return receive();
} catch (const boost::system::system_error& error) {
  throw StartError{Exit::no_connection, "the connection ended: " + error.code().message()};
}

Result<Response> Client::receive() try {
  std::string frame(frame_header_bytes, '\0');
  asio::read(socket_, asio::buffer(frame));
  const std::size_t length =
      boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(frame.data()));
  if (length > frame_bytes_max)
    throw StartError{Exit::no_connection, "the server does not speak our protocol"};
  frame.resize(length);
  asio::read(socket_, asio::buffer(frame));
  auto response = decode_response(frame);
  if (!response) throw StartError{Exit::no_connection, response.error().message};
  if (response->status != Status::ok) return Error{response->status, response->message};
  return response;
} catch (const boost::system::system_error& error) {
  throw StartError{Exit::no_connection, "the connection ended: " + error.code().message()};
}

}  // namespace kv
