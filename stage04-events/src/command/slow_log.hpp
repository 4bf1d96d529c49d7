#pragma once

#include <chrono>

#include "command/hooks.hpp"

namespace kv {

/// Logs every command that took `limit` or longer, from when it was received to when its answer was
/// written: so also one that waited for a client that does not read. Peer, command, table and key.
void add_slow_log(HooksBuilder& hooks, std::chrono::milliseconds limit);

}  // namespace kv
