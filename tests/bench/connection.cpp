#include "connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace kv::bench {
namespace {

constexpr std::size_t receive_bytes = 64 * 1024;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

Connection::Connection(test::Descriptor socket, std::uint32_t depth)
    : socket_{std::move(socket)}, ring_(depth) {
  if (::fcntl(socket_.get(), F_SETFL, O_NONBLOCK) < 0) fail("fcntl");
}

void Connection::asked(const Asked& asked) {
  const std::size_t at = std::size_t{oldest_} + waiting_;
  ring_[at < ring_.size() ? at : at - ring_.size()] = asked;
  ++waiting_;
}

Asked Connection::take_oldest() {
  const Asked taken = ring_[oldest_];
  if (++oldest_ == ring_.size()) oldest_ = 0;
  --waiting_;
  return taken;
}

bool Connection::send() {
  while (sent_ < output_.size()) {
    const ssize_t count =
        ::send(socket_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) fail("sending requests");
    sent_ += static_cast<std::size_t>(count);
  }
  output_.clear();
  sent_ = 0;
  return true;
}

std::string_view Connection::receive(std::vector<char>& buffer) {
  const std::size_t left = input_.size();
  if (buffer.size() < left + receive_bytes) buffer.resize(2 * left + receive_bytes);
  std::ranges::copy(input_, buffer.begin());
  input_.clear();
  const ssize_t count = ::recv(socket_.get(), buffer.data() + left, buffer.size() - left, 0);
  if (count < 0 && errno != EAGAIN) fail("receiving answers");
  if (count == 0) throw std::runtime_error{"the server closed a connection"};
  return {buffer.data(), left + static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace kv::bench
