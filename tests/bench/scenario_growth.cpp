// What a store costs as it grows: memory, the slowest answers, a start and a snapshot.

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "scenarios.hpp"
#include "svg.hpp"

namespace kv::bench {
namespace {

using namespace std::chrono_literals;

/// How long a snapshot takes: Redis is asked for one, stage 7 began one when it had started.
double seconds_of_snapshot(const Server& server, const Start& start) {
  const auto begin = std::chrono::steady_clock::now();
  if (!server.program().is_redis()) {
    wait_for_snapshots(start, 1);
  } else {
    (void)Asker{server.address(), Protocol::resp}.ask("*1\r\n$6\r\nBGSAVE\r\n");
    while (!std::filesystem::exists(start.folder / "dump.rdb")) {
      if (std::chrono::steady_clock::now() > begin + 120s)
        throw std::runtime_error{"redis has not saved within 120 s"};
      std::this_thread::sleep_for(10ms);
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure_size(Bench& bench, const Program& program, std::uint32_t keys, Series* starts) {
  using Flags = std::vector<std::string>;
  const Flags flags = program.is_redis() ? Flags{"--appendonly", "yes", "--appendfsync", "everysec"}
                                         : Flags{"--store", "wal", "--fsync", "everysec"};
  Start start = bench.start(program, "growth", flags);
  const double millions = keys / 1e6;
  const std::string point = readable(millions) + " million keys";
  const auto add = [&](const char* metric, double value) {
    bench.figures.add("growth", point, metric, program.name, value);
  };
  {
    Server server{program, start};
    server.wait_until_ready();
    const Meter meter{server.pid()};
    const std::size_t before = meter.resident_bytes();
    bench.fill(server, keys);
    add("bytes_per_key", static_cast<double>(meter.resident_bytes() - before) / keys);
    Workload load = bench.workload(server);
    load.keys = keys;
    load.seconds = bench.pick(3.0, 1.0);
    const Report report = bench.measure(server, load);
    add("p999_ms", static_cast<double>(report.latency.percentile(0.999)) / 1e6);
    server.kill_9();
  }
  start.snapshot_every = 1;  // one at the start
  Server server{program, start};
  const double started = server.wait_until_ready(keys - 1).count();
  add("seconds", started);
  if (starts) starts->points.emplace_back(millions, started);
  add("snapshot_seconds", seconds_of_snapshot(server, start));
  server.stop();
  std::filesystem::remove_all(start.folder);
}

}  // namespace

void compare_growth(Bench& bench) {
  const std::uint32_t million = bench.pick(1'000'000U, 100'000U);
  const std::uint32_t rounds = std::min(bench.settings.rounds, 2U);  // they are long
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (const Program& program : for_round(round, bench.programs_and_noise({0, 7}))) {
      Series starts{"growth", "seconds", program.name, {}};
      for (const std::uint32_t millions : {1U, 3U, 10U}) {
        progress("growth: " + program.name + " with " + std::to_string(millions * million) +
                 " keys, " + bench.round_of(round));
        measure_size(bench, program, millions * million, round == 0 ? &starts : nullptr);
      }
      if (round == 0) bench.series.push_back(std::move(starts));
    }
  }
}

}  // namespace kv::bench
