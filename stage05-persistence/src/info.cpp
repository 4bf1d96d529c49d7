#include "info.hpp"

#include <chrono>
#include <set>
#include <string>

namespace kv {
namespace {

Entry number(const char* name, std::uint64_t value) {
  return {name, Value{static_cast<std::int64_t>(value)}};
}

/// -1 when it never was.
std::int64_t seconds_since(std::int64_t created) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (created == 0) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() - created;
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
    if (store) {
      response.pairs.push_back(number("last_lsn", store->wal().last_lsn()));
      response.pairs.push_back(number("durable_lsn", store->wal().durable_lsn()));
      response.pairs.push_back({"snapshot_age", Value{seconds_since(store->snapshot_created())}});
    }
    return response;
  };
  hooks.on_received([info](Connection&, const Request& request) -> std::optional<Response> {
    if (!std::holds_alternative<Info>(request)) return std::nullopt;
    return info();
  });
}

}  // namespace kv
