#include "idle.hpp"

#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "meter.hpp"

namespace kv::bench {
namespace {

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
} catch (const std::system_error&) {
  return false;  // nobody listens yet
}

}  // namespace

double IdleReport::bytes_per_connection() const {
  if (resident_bytes_after <= resident_bytes_before || connections == 0) return 0;
  return static_cast<double>(resident_bytes_after - resident_bytes_before) / connections;
}

IdleReport measure_idle(const Address& address, Protocol protocol, std::uint32_t connections,
                        pid_t pid) {
  const Meter meter{pid};
  IdleReport report{.connections = connections,
                    .resident_bytes_before = meter.resident_bytes(),
                    .threads_before = meter.threads()};
  std::string ping;
  Requests{protocol, {}}.append(Command::ping, 0, ping);
  std::vector<Asker> open;
  open.reserve(connections);
  for (std::uint32_t i = 0; i < connections; ++i) {
    const Reply reply = open.emplace_back(address, protocol).ask(ping);
    if (reply.kind != Reply::Kind::ok) {
      throw std::runtime_error{"connection " + std::to_string(i + 1) +
                               " was refused: " + std::string{reply.message}};
    }
    open.back().forget();
  }
  report.resident_bytes_after = meter.resident_bytes();
  report.threads_after = meter.threads();
  return report;
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
