// What a client notices when the log goes on in a new segment, and how large the folder becomes.

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "folder_watch.hpp"
#include "scenarios.hpp"

namespace kv::bench {
namespace {

constexpr std::size_t value_bytes = 1'000;  // so that the log grows quickly
constexpr double slot_seconds = 0.05;

constexpr std::size_t window_slots = 3;

/// Of stretches of time that are alike: all answers, and the slowest one of each 150 ms.
struct Latencies {
  Histogram all;
  std::vector<double> slowest_ms;

  void add(const Histogram& window) {
    if (window.count() == 0) return;
    all.add(window);
    slowest_ms.push_back(static_cast<double>(window.max()) / 1e6);
  }
};

struct SplitLatencies {
  Latencies changing, between;
};

// What is done for a change may begin before it can be seen in the folder, and go on after that: so
// the slots beside one in which it was seen belong to it, too.
SplitLatencies split(const std::vector<Report::Slot>& slots) {
  const auto changing = [&](std::size_t i) {
    return slots[i].marked || (i > 0 && slots[i - 1].marked) ||
           (i + 1 < slots.size() && slots[i + 1].marked);
  };
  SplitLatencies latencies;
  for (std::size_t i = 0; i < slots.size();) {
    const bool kind = changing(i);
    Histogram window;
    for (std::size_t end = i + window_slots; i < std::min(end, slots.size()); ++i) {
      if (changing(i) != kind) break;
      window.add(slots[i].latency);
    }
    (kind ? latencies.changing : latencies.between).add(window);
  }
  return latencies;
}

void add_latencies(Bench& bench, const std::string& server, const SplitLatencies& latencies) {
  const auto add = [&](const char* metric, const char* compared, const auto& of) {
    const double changing = of(latencies.changing), between = of(latencies.between);
    bench.figures.add("segments", "while segments change", metric, server, changing);
    bench.figures.add("segments", "between changes", metric, server, between);
    bench.figures.add("segments", compared, "of_between", server, changing / between);
  };
  add("p999_ms", "99.9 % of answers",
      [](const Latencies& some) { return static_cast<double>(some.all.percentile(0.999)) / 1e6; });
  add("max_ms", "slowest answer",
      [](const Latencies& some) { return static_cast<double>(some.all.max()) / 1e6; });
  add("window_max_ms", "slowest answer of 150 ms",
      [](const Latencies& some) { return median(some.slowest_ms); });
}

}  // namespace

void compare_segments(Bench& bench) {
  const std::size_t changes_min = bench.pick(3U, 1U);
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program : bench.programs({7})) {
      progress("segments: " + program.name + ", " + bench.round_of(round));
      const Start start = bench.start(program, "segments", {"--store", "wal", "--fsync", "always"});
      Server server{program, start};
      server.wait_until_ready();
      Workload load = bench.workload(server);
      load.shape.value_bytes = value_bytes;
      load.keys = 10'000;
      load.seconds = bench.pick(8.0, 3.0);
      load.slot_seconds = slot_seconds;
      for (int tries = 1;; ++tries) {
        SegmentWatch segments{start.folder / "data"};
        load.mark = [&] { return segments.changing(); };
        const auto latencies = split(bench.measure(server, load).slots);
        if (segments.changes() >= changes_min && latencies.between.all.count() > 0) {
          add_latencies(bench, program.name, latencies);
          break;
        }
        if (tries == 4) throw std::runtime_error{program.name + " hardly changes its segments"};
        load.seconds *= 2;  // a slow machine writes less log
      }
    }
  }
}

void compare_folder(Bench& bench) {
  constexpr double mib = 1024 * 1024;
  for (const Program& program : bench.programs({0, 7})) {  // once: a size has no noise
    progress("folder: " + program.name);
    const std::vector<std::string> flags =
        program.is_redis() ? std::vector<std::string>{"--appendonly", "yes",
                                                      "--auto-aof-rewrite-percentage", "100"}
                           : std::vector<std::string>{};
    Start start = bench.start(program, "folder", flags);
    start.snapshot_every.reset();
    Server server{program, start};
    server.wait_until_ready();
    Workload load = bench.workload(server);
    load.shape.value_bytes = value_bytes;
    load.keys = 1'000;
    load.depth = 16;
    load.warm_up_seconds = 0;
    load.requests = bench.pick(2'000'000U, 400'000U);
    std::uint64_t most = 0;
    unsigned calls = 0;
    load.mark = [&] {
      if (++calls % 16 == 0) most = std::max(most, folder_bytes(start.folder));
      return false;
    };
    (void)bench.measure(server, load);
    const auto after = folder_bytes(start.folder);
    const auto add = [&](const char* point, std::uint64_t bytes) {
      bench.figures.add("folder", point, "folder_mib", program.name,
                        static_cast<double>(bytes) / mib);
    };
    add("while they are overwritten, at most", std::max(most, after));
    add("after that", after);
  }
}

}  // namespace kv::bench
