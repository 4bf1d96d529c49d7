#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>

#include "net/deadline.hpp"
#include "net/listen.hpp"

namespace kv {

inline constexpr std::chrono::seconds linger_time{1};

/// Closes so that the client can still read what was sent to it: says that no more will come, and
/// discards what the client goes on to send, for linger_time at most. A plain close with input
/// unread makes the kernel reset the connection: a client that is still sending fails before it
/// reads.
boost::asio::awaitable<void> lingering_close(tcp::socket& socket, Deadline& deadline);

}  // namespace kv
