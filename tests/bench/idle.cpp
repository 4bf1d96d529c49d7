#include "idle.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "meter.hpp"

namespace kv::bench {
namespace {

constexpr std::size_t at_once = 100;  // connections that wait for their first answer

}  // namespace

bool answers(const Address& address, Protocol protocol, const Requests& requests,
             std::int64_t key) try {
  Asker asker{address, protocol};
  std::string request;
  const bool ping = key < 0;
  const auto number = static_cast<std::uint32_t>(ping ? 0 : key);
  requests.append(ping ? Command::ping : Command::hget, number, request);
  const Reply reply = asker.ask(request);
  return reply.kind == Reply::Kind::ok &&
         (ping || (reply.value && requests.is_value_of(number, *reply.value)));
} catch (const std::runtime_error&) {
  return false;  // nobody listens yet, or it ends just now
}

std::vector<IdleStep> measure_idle(const Address& address, Protocol protocol,
                                   const std::vector<std::uint32_t>& steps, pid_t pid,
                                   std::chrono::milliseconds pause) {
  const Meter meter{pid};
  std::vector<IdleStep> seen{{0, meter.resident_bytes(), meter.threads()}};
  std::string ping;
  Requests{protocol, {}}.append(Command::ping, 0, ping);
  std::vector<Asker> open;
  for (const std::uint32_t step : steps) {
    while (open.size() < step) {
      const std::size_t first = open.size();
      const std::size_t end = std::min<std::size_t>(step, first + at_once);
      while (open.size() < end) open.emplace_back(address, protocol).send(ping);
      for (std::size_t i = first; i < end; ++i) {
        const Reply reply = open[i].receive();
        if (reply.kind != Reply::Kind::ok)
          throw std::runtime_error{"connection " + std::to_string(i + 1) +
                                   " was refused: " + std::string{reply.message}};
        open[i].forget();
      }
    }
    if (step == steps.back()) std::this_thread::sleep_for(pause);
    seen.push_back({step, meter.resident_bytes(), meter.threads()});
  }
  return seen;
}

double bytes_per_connection(const std::vector<IdleStep>& steps) {
  const IdleStep &first = steps.front(), &last = steps.back();
  if (last.resident_bytes <= first.resident_bytes) return 0;
  return static_cast<double>(last.resident_bytes - first.resident_bytes) /
         (last.connections - first.connections);
}

std::chrono::duration<double> wait_for_answer(const Address& address, Protocol protocol,
                                              const Shape& shape, std::int64_t key,
                                              std::chrono::steady_clock::time_point start,
                                              std::chrono::seconds limit) {
  const Requests requests{protocol, shape};
  while (!answers(address, protocol, requests, key)) {
    if (std::chrono::steady_clock::now() > start + limit) {
      throw std::runtime_error{"the server does not give the answer that was waited for, within " +
                               std::to_string(limit.count()) + " s"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return std::chrono::steady_clock::now() - start;
}

}  // namespace kv::bench
