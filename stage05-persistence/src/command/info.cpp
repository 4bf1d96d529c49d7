#include "command/info.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <string>

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

/// `created` is in a file, and so by a clock that can be set back since: then it is 0.
std::uint64_t seconds_since(std::int64_t created) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now).count() - created;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(age, 0));
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
  hooks.on_received([&load](Connection&, const Request&) -> std::optional<Response> {
    ++load.commands;
    return std::nullopt;
  });
}

void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load, const Store* store) {
  using Clock = std::chrono::steady_clock;
  const auto info = [&memtable, &load, store, start = Clock::now()] {
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
    if (store) {
      response.pairs.push_back(number("last_lsn", store->wal().last_lsn()));
      response.pairs.push_back(number("durable_lsn", store->wal().durable_lsn()));
      if (const auto bytes = store->bytes_of_log())
        response.pairs.push_back(number("log_bytes", *bytes));
      response.pairs.push_back(number("snapshots_failed", store->snapshots_failed()));
      if (const auto created = store->snapshot_created(); created != 0)
        response.pairs.push_back(number("snapshot_age", seconds_since(created)));
    }
    return response;
  };
  hooks.on_received([info](Connection&, const Request& request) -> std::optional<Response> {
    if (!std::holds_alternative<Info>(request)) return std::nullopt;
    return info();
  });
}

}  // namespace kv
