#pragma once

#include <chrono>

#include "command/hooks.hpp"

namespace kv {

/// Logs every command whose execution took `limit` or longer: peer, command, table and key.
void add_slow_log(HooksBuilder& hooks, std::chrono::milliseconds limit);

}  // namespace kv
