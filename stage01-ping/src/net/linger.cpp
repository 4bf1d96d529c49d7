#include "net/linger.hpp"

#include <boost/asio/buffer.hpp>
#include <poll.h>

#include <array>

namespace kv {

void lingering_close(tcp::socket& socket) {
  using std::chrono::steady_clock;
  boost::system::error_code ended;
  socket.shutdown(tcp::socket::shutdown_send, ended);

  std::array<char, 4096> discarded;
  const auto deadline = steady_clock::now() + linger_time;
  while (!ended) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd waiting{.fd = socket.native_handle(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
    socket.read_some(boost::asio::buffer(discarded), ended);
  }
  socket.close(ended);
}

}  // namespace kv
