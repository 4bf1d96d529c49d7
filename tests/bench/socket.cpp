#include "socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "fixtures/deadline.hpp"

namespace kv::bench {
namespace {

constexpr std::chrono::seconds answer_limit{60};  // a sync of a busy disk, a table that is loaded

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

test::Descriptor connect_to(const Address& address) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &name.sin_addr) != 1) {
    throw std::runtime_error{"'" + address.host + "' is not an IPv4 address"};
  }
  test::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (socket.get() < 0) fail("socket");
  const int on = 1;
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0) {
    fail("connecting to " + address.host + ":" + std::to_string(address.port));
  }
  return socket;
}

void Asker::send(const std::string& request) {
  for (std::string_view rest = request; !rest.empty();) {
    const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) fail("sending a request");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Reply Asker::ask(const std::string& request) {
  send(request);
  return receive();
}

Reply Asker::receive() {
  input_.clear();
  const test::Deadline deadline{answer_limit};
  char chunk[16 * 1024];
  for (;;) {
    std::string_view received = input_;
    if (const auto reply = next_reply(protocol_, received)) return *reply;
    if (!deadline.wait(socket_.get(), POLLIN)) throw std::runtime_error{"no answer within 60 s"};
    const ssize_t count = ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (count < 0) fail("receiving an answer");
    if (count == 0) throw std::runtime_error{"the server closed the connection"};
    input_.append(chunk, static_cast<std::size_t>(count));
  }
}

}  // namespace kv::bench
