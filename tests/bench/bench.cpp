#include "bench.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace kv::bench {

std::vector<Program> Bench::programs(const std::vector<int>& stages) const {
  std::vector<Program> picked;
  for (const Program& program : settings.programs) {
    if (std::ranges::find(stages, program.stage) != stages.end()) picked.push_back(program);
  }
  return picked;
}

std::vector<Program> Bench::programs_and_noise(const std::vector<int>& stages) const {
  auto picked = programs(stages);
  Program again = picked.front();
  again.name = noise;
  picked.push_back(again);
  return picked;
}

std::string Bench::round_of(std::uint32_t round) const {
  return "round " + std::to_string(round + 1) + " of " + std::to_string(settings.rounds);
}

Start Bench::start(const Program& program, const std::string& scenario,
                   std::vector<std::string> flags) const {
  std::string name = scenario + "-" + program.name;
  std::ranges::replace(name, ' ', '-');
  const std::filesystem::path folder = settings.folder / name;
  std::filesystem::remove_all(folder);
  return {.flags = std::move(flags), .folder = folder, .core = cores.server};
}

Workload Bench::workload(const Server& server) const {
  return {.address = server.address(),
          .protocol = server.program().protocol(),
          .connections = 50,
          .warm_up_seconds = 0.1,
          .seconds = 0.4,
          .verify = true,
          .pid = server.pid()};
}

Report Bench::measure(const Server& server, const Workload& workload) const {
  Report report = run_load(workload);
  if (report.wrong > 0) {
    throw std::runtime_error{server.program().name + " gave " + std::to_string(report.wrong) +
                             " wrong answers; the first: " + report.first_wrong};
  }
  return report;
}

void Bench::fill(const Server& server, std::uint32_t keys, const Shape& shape) const {
  Workload all = workload(server);
  all.shape = shape;
  all.connections = 4;
  all.depth = 256;
  all.mode = Mode::window;
  all.keys = keys;
  all.in_order = true;
  all.requests = keys;
  all.warm_up_seconds = 0;
  (void)measure(server, all);
}

void Bench::add(const std::string& scenario, const std::string& point, const Server& server,
                const Report& report) {
  const auto add = [&](const char* metric, double value) {
    figures.add(scenario, point, metric, server.program().name, value);
  };
  const auto microseconds = [&](double share) {
    return static_cast<double>(report.latency.percentile(share)) / 1e3;
  };
  add("per_second", report.per_second());
  add("cpu_us", report.cpu_us_per_request());
  add("p50_us", microseconds(0.5));
  add("p99_us", microseconds(0.99));
  add("p999_us", microseconds(0.999));
}

void wait_for_snapshots(const Start& start, std::ptrdiff_t count) {
  using namespace std::chrono_literals;
  const auto is_snapshot = [](const std::filesystem::directory_entry& entry) {
    return entry.path().filename().string().starts_with("snapshot-");  // snapshot.tmp is unfinished
  };
  const auto folder = start.folder / "data";
  const auto deadline = std::chrono::steady_clock::now() + 120s;
  while (std::ranges::count_if(std::filesystem::directory_iterator{folder}, is_snapshot) < count) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error{"no snapshot within 120 s in " + folder.string()};
    std::this_thread::sleep_for(10ms);
  }
}

void progress(const std::string& what) {
  static const auto begin = std::chrono::steady_clock::now();
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin;
  std::fprintf(stderr, "%6.1f s  %s\n", since.count(), what.c_str());
}

}  // namespace kv::bench
