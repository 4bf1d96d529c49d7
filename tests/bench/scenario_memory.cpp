// What keys cost, and what connections cost that do nothing.

#include "idle.hpp"
#include "scenarios.hpp"

namespace kv::bench {

using namespace std::chrono_literals;

void compare_memory(Bench& bench) {
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program :
         for_round(round, bench.programs_and_noise({0, 2, 3, 4, 5, 6, 7}))) {
      progress("memory: " + program.name + ", " + bench.round_of(round));
      Server server{program, bench.start(program, "memory", in_memory(program))};
      server.wait_until_ready();
      const Meter meter{server.pid()};
      const std::size_t before = meter.resident_bytes();
      bench.fill(server, bench.keys());
      const auto grown = static_cast<double>(meter.resident_bytes() - before);
      bench.figures.add("memory", "16-byte keys, 100-byte values, one table", "bytes_per_key",
                        program.name, grown / bench.keys());
    }
  }
}

namespace {

void add_steps(Bench& bench, const Program& program, const std::vector<IdleStep>& steps) {
  Series memory{"idle", "resident_mib", program.name, {}};
  Series threads{"idle", "threads", program.name, {}};
  for (const IdleStep& step : steps) {
    memory.points.emplace_back(step.connections,
                               static_cast<double>(step.resident_bytes) / (1024 * 1024));
    threads.points.emplace_back(step.connections, step.threads);
  }
  bench.series.insert(bench.series.end(), {memory, threads});
}

}  // namespace

void compare_idle(Bench& bench) {
  std::vector<std::uint32_t> steps{10, 100, 1'000, 2'500, 5'000, 7'500, 10'000};
  const std::size_t allowed = raise_descriptor_limit();
  std::erase_if(steps, [&](std::uint32_t step) {
    return step + 100 > allowed || (bench.settings.quick && step > 2'500);
  });
  const std::string point = std::to_string(steps.back()) + " connections";
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program : for_round(round, bench.programs_and_noise({0, 2, 3, 7}))) {
      progress("idle: " + program.name + ", " + point + ", " + bench.round_of(round));
      Server server{program, bench.start(program, "idle", in_memory(program))};
      server.wait_until_ready();
      const auto seen = measure_idle(server.address(), program.protocol(), steps, server.pid(),
                                     bench.pick(5s, 0s));
      bench.figures.add("idle", point, "kib_per_connection", program.name,
                        bytes_per_connection(seen) / 1024);
      bench.figures.add("idle", point, "threads", program.name,
                        static_cast<double>(seen.back().threads));
      if (round == 0) add_steps(bench, program, seen);
    }
  }
}

}  // namespace kv::bench
