#pragma once

#include "hooks.hpp"
#include "memtable.hpp"
#include "shared.hpp"

namespace kv {

/// Counts the commands, in load.
void add_counter(HooksBuilder& hooks, Load& load);

/// Answers INFO with what is known of the server. Memtable and load must outlive the hooks.
void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load);

}  // namespace kv
