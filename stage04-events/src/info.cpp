#include "info.hpp"

#include <chrono>

namespace kv {
namespace {

Entry number(const char* name, std::uint64_t value) {
  return {name, Value{static_cast<std::int64_t>(value)}};
}

}  // namespace

void add_counter(HooksBuilder& hooks, Load& load) {
  hooks.on_received([&load](Connection&, const Request&) -> std::optional<Response> {
    ++load.commands;
    return std::nullopt;
  });
}

void add_info(HooksBuilder& hooks, const MemTable& memtable, const Load& load) {
  using Clock = std::chrono::steady_clock;
  const auto info = [&memtable, &load, start = Clock::now()] {
    const auto usage = memtable.usage();
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
    return Response{.pairs = {number("keys", usage.keys), number("tables", usage.tables),
                              number("bytes", usage.bytes), number("connections", load.connections),
                              number("commands", load.commands),
                              number("uptime", static_cast<std::uint64_t>(uptime.count()))}};
  };
  hooks.on_received([info](Connection&, const Request& request) -> std::optional<Response> {
    if (!std::holds_alternative<Info>(request)) return std::nullopt;
    return info();
  });
}

}  // namespace kv
