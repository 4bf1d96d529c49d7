#include "client/client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "base/start_error.hpp"
#include "wire/resp.hpp"

namespace kv {

namespace asio = boost::asio;
using asio::ip::tcp;

Client::Client(std::string host, std::uint16_t port)
    : host_{std::move(host)}, port_{port}, socket_{context_} {}

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

Result<std::string> Client::ask(const ClientCommand& command) {
  std::string lines;
  for (const auto& request : command.requests) {
    const auto reply = ask_words(request);
    if (!reply) return reply.error();
    for (std::size_t i = 0; i < reply->size(); ++i) {
      const bool key = command.answers_pairs && i % 2 == 0;
      lines += (*reply)[i] + (key ? "\t" : "\n");
    }
  }
  return lines;
}

Result<std::vector<std::string>> Client::ask_words(const Words& words) try {
  if (!socket_.is_open()) connect();
  std::string request;
  resp::append_array(request, words.size());
  for (const auto& word : words) resp::append_bulk(request, word);
  asio::write(socket_, asio::buffer(request));
  return receive_reply();
} catch (const StartError&) {
  throw;
} catch (const std::exception& error) {  // it ended, or what came is no reply
  throw StartError{Exit::no_connection,
                   std::string{"the connection is of no more use: "} + error.what()};
}

/// The strings of a reply: one, or those of an array.
Result<std::vector<std::string>> Client::receive_reply() {
  const std::string line = receive_line();
  const std::string rest = line.substr(1);
  if (line[0] == '-') return Error{Status::bad_request, rest};
  if (line[0] == '$') return std::vector{rest == "-1" ? "(nil)" : receive_bulk(rest)};
  if (line[0] != '*') return std::vector{rest};
  std::vector<std::string> strings;
  for (auto count = std::stoul(rest); count > 0; --count) {
    auto element = receive_reply();
    if (!element) return element;
    strings.insert(strings.end(), element->begin(), element->end());
  }
  return strings;
}

std::string Client::receive_line() {
  const auto length = asio::read_until(socket_, asio::dynamic_buffer(input_), "\r\n");
  std::string line = input_.substr(0, length - 2);
  input_.erase(0, length);
  return line;
}

std::string Client::receive_bulk(const std::string& length) {
  const auto bytes = std::stoul(length);
  if (input_.size() < bytes + 2) {
    asio::read(socket_, asio::dynamic_buffer(input_),
               asio::transfer_exactly(bytes + 2 - input_.size()));
  }
  std::string bulk = input_.substr(0, bytes);
  input_.erase(0, bytes + 2);
  return bulk;
}

}  // namespace kv
