#pragma once

#include "command/hooks.hpp"

namespace kv {

/// Answers commands that write with forbidden.
void add_read_only(HooksBuilder& hooks);

}  // namespace kv
