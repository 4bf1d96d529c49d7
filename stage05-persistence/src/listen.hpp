#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "options.hpp"

namespace kv {

using boost::asio::ip::tcp;

/// An acceptor that listens where the options say. Throws StartError(cannot_start).
tcp::acceptor listen(boost::asio::io_context& context, const Options& options);

}  // namespace kv
