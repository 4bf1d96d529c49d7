#include "command/timing.hpp"

#include <fmt/format.h>

#include <chrono>

namespace kv {

void add_timing(HooksBuilder& hooks) {
  using Clock = std::chrono::steady_clock;
  hooks.on_received([](Exchange& exchange, const Request&) -> std::optional<Response> {
    exchange.begun = Clock::now();
    return std::nullopt;
  });
  hooks.on_before_send([](Exchange& exchange, Response& response) {
    if (!response.message.empty()) return;
    const std::chrono::duration<double, std::milli> took = Clock::now() - exchange.begun;
    response.message = fmt::format("took {:.3f} ms", took.count());
  });
}

}  // namespace kv
