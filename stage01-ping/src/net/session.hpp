#pragma once

#include "net/listen.hpp"

namespace kv {

/// Serves one client, blocking, until it leaves or breaks the protocol. The socket is closed on
/// return. Nothing that a client does is an exception here.
void serve(tcp::socket socket);

}  // namespace kv
