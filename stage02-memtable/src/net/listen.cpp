#include "net/listen.hpp"

#include <netinet/tcp.h>
#include <unistd.h>

#include <boost/asio/error.hpp>

#include "base/fatal_error.hpp"

namespace kv {
namespace {

/// What to do about it, where that is known.
const char* way_out(const boost::system::error_code& error) {
  if (error == boost::asio::error::address_in_use) return " (--port 0 picks a free port)";
  if (error == boost::asio::error::access_denied) return " (a port from 1024 on needs no rights)";
  return "";
}

}  // namespace

tcp::acceptor listen(boost::asio::io_context& context, std::uint16_t port) {
  const tcp::endpoint endpoint{boost::asio::ip::address_v4::loopback(), port};
  try {
    return tcp::acceptor{context, endpoint};  // opens, binds (SO_REUSEADDR set) and listens
  } catch (const boost::system::system_error& error) {
    throw FatalError{Exit::cannot_start, "cannot listen on 127.0.0.1:" + std::to_string(port) +
                                             ": " + error.code().message() + way_out(error.code())};
  }
}

void expect_room(tcp::acceptor& acceptor) {
  const int spare = ::dup(acceptor.native_handle());
  if (spare < 0) {
    throw FatalError{Exit::cannot_start,
                     "cannot accept a connection: no descriptor is left (raise ulimit -n)"};
  }
  ::close(spare);
}

void set_options(tcp::socket& socket) {
  using boost::asio::detail::socket_option::integer;
  boost::system::error_code ignored;  // what cannot be set on it is no reason not to serve it
  socket.set_option(tcp::no_delay{true}, ignored);
  socket.set_option(boost::asio::socket_base::keep_alive{true}, ignored);
  socket.set_option(integer<IPPROTO_TCP, TCP_KEEPIDLE>{keepalive_idle_s}, ignored);
  socket.set_option(integer<IPPROTO_TCP, TCP_KEEPINTVL>{keepalive_interval_s}, ignored);
  socket.set_option(integer<IPPROTO_TCP, TCP_KEEPCNT>{keepalive_probes}, ignored);
}

}  // namespace kv
