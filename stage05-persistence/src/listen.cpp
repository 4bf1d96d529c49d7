#include "listen.hpp"

#include "start_error.hpp"

namespace kv {

tcp::acceptor listen(boost::asio::io_context& context, const Options& options) {
  const tcp::endpoint endpoint{boost::asio::ip::make_address(options.host), options.port};
  try {
    return tcp::acceptor{context, endpoint};  // opens, binds (SO_REUSEADDR set) and listens
  } catch (const boost::system::system_error& error) {
    throw StartError{Exit::cannot_start,
                     "cannot listen on " + options.host + ":" + std::to_string(options.port) +
                         ": " + error.code().message() + " (--port 0 picks a free port)"};
  }
}

}  // namespace kv
