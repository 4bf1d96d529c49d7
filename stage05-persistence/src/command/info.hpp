#pragma once

#include <functional>
#include <vector>

#include "command/hooks.hpp"
#include "command/load.hpp"
#include "table/memtable.hpp"

namespace kv {

/// What all tables hold together.
struct Usage {
  std::size_t keys = 0, tables = 0, bytes = 0;  // bytes of keys and values, with what a row adds
};
Usage usage_of(const MemTable& memtable);

/// Counts the commands that are executed, in load: not those that a hook answers.
void add_counter(HooksBuilder& hooks, Load& load);

/// Answers INFO with what is known of the server, and with what `more` adds, if it is there.
/// Memtable and load must outlive the hooks.
void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load,
              std::function<std::vector<Entry>()> more = {});

}  // namespace kv
