#include "command/info.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "base/limits.hpp"

namespace kv {
namespace {

Entry number(const char* name, std::uint64_t value) {
  return {name, Value{static_cast<std::int64_t>(value)}};
}

/// The second number in statm, in pages; nullopt where the system does not tell.
std::optional<std::size_t> resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  if (!(statm >> all >> resident)) return std::nullopt;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Usage usage_of(const MemTable& memtable) {
  Usage usage;
  std::set<std::string> names;
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    memtable.visit_shard(index, [&](const Tables& tables) {
      usage.bytes += tables.row_bytes;
      for (const auto& [name, rows] : tables.by_name) {
        usage.keys += rows.size();
        names.insert(name);
      }
    });
  }
  usage.tables = names.size();
  return usage;
}

void add_counter(HooksBuilder& hooks, Load& load) {
  hooks.on_executed([&load](Exchange&, const Request&, const Response&) { ++load.commands; });
}

void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load,
              std::function<std::vector<Entry>()> more) {
  using Clock = std::chrono::steady_clock;
  const auto info = [&memtable, &load, more = std::move(more), start = Clock::now()] {
    const auto usage = usage_of(memtable);
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
    Response response{.pairs = {number("keys", usage.keys), number("tables", usage.tables),
                                number("bytes", usage.bytes),
                                number("connections", load.connections),
                                number("commands", load.commands),
                                number("uptime", static_cast<std::uint64_t>(uptime.count()))}};
    if (const auto bytes = resident_bytes())
      response.pairs.push_back(number("resident_bytes", *bytes));
    if (const auto count = open_descriptors())
      response.pairs.push_back(number("open_descriptors", *count));
    if (more) std::ranges::move(more(), std::back_inserter(response.pairs));
    return response;
  };
  hooks.on_received([info](Exchange&, const Request& request) -> std::optional<Response> {
    if (!std::holds_alternative<Info>(request)) return std::nullopt;
    return info();
  });
}

}  // namespace kv
