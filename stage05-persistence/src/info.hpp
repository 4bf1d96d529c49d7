#pragma once

#include "hooks.hpp"
#include "memtable.hpp"
#include "shared.hpp"
#include "store.hpp"

namespace kv {

/// Counts the commands, in load.
void add_counter(HooksBuilder& hooks, Load& load);

/// Answers INFO with what is known of the server. Memtable, load and store must outlive the hooks;
/// the store may be nullptr.
void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load,
              const Store* store = nullptr);

}  // namespace kv
