#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>

namespace kv {

using boost::asio::ip::tcp;

/// An acceptor that listens at this port of 127.0.0.1: other machines cannot reach it. 0 picks a
/// free one. Throws FatalError(cannot_start).
tcp::acceptor listen(boost::asio::io_context& context, std::uint16_t port);

/// Throws FatalError(cannot_start) when there is no descriptor left for a connection.
void expect_room(tcp::acceptor& acceptor);

/// What every accepted socket has: a reply does not wait for the next one to go with it, and a
/// client that has gone without a word (a cable pulled, a laptop shut) is noticed: the kernel asks
/// after keepalive_idle_s of silence, and closes when keepalive_probes get no answer.
void set_options(tcp::socket& socket);

inline constexpr int keepalive_idle_s = 60;      ///< short, or those who are gone hold their places
inline constexpr int keepalive_interval_s = 10;  ///< between probes: a network is out for so long
inline constexpr int keepalive_probes = 3;       ///< one packet may be lost, and another

}  // namespace kv
