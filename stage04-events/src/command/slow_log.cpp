#include "command/slow_log.hpp"

#include <spdlog/spdlog.h>

#include "base/log.hpp"

namespace kv {
namespace {

/// The command and what it is about; many keys as their number.
std::string describe(const Request& request) {
  return std::visit(
      [&request](const auto& command) {
        std::string text = name_of(request);
        if constexpr (requires { command.table; }) text += " '" + escaped(command.table) + "'";
        if constexpr (requires { command.key; }) text += " '" + escaped(command.key) + "'";
        if constexpr (requires { command.entry; }) text += " '" + escaped(command.entry.key) + "'";
        if constexpr (requires { command.keys; })
          text += fmt::format(" {} keys", command.keys.size());
        if constexpr (requires { command.entries; })
          text += fmt::format(" {} keys", command.entries.size());
        return text;
      },
      request);
}

}  // namespace

void add_slow_log(HooksBuilder& hooks, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  hooks.on_received([](Exchange& exchange, const Request& request) -> std::optional<Response> {
    exchange.begun = Clock::now();
    exchange.request = describe(request);
    return std::nullopt;
  });
  hooks.on_after_send([limit](Exchange& exchange) {
    const auto took = Clock::now() - exchange.begun;
    if (took < limit) return;
    spdlog::warn("slow: {} from {} took {:.3f} ms, status {}", exchange.request,
                 exchange.connection.peer, std::chrono::duration<double, std::milli>(took).count(),
                 static_cast<unsigned>(exchange.status));
  });
}

}  // namespace kv
