#include "net/linger.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <tuple>

namespace kv {

boost::asio::awaitable<void> lingering_close(tcp::socket& socket, Deadline& deadline) {
  boost::system::error_code ended;
  socket.shutdown(tcp::socket::shutdown_send, ended);

  std::array<char, 4096> discarded;
  deadline.set(Clock::now(), linger_time);
  while (!ended && !deadline.passed()) {  // what is there already is read without a wait
    std::tie(ended, std::ignore) = co_await socket.async_read_some(
        boost::asio::buffer(discarded), boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  socket.close(ended);
}

}  // namespace kv
