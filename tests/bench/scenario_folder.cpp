// What a client notices when the log goes on in a new segment, and how large the folder becomes.

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "folder_watch.hpp"
#include "scenarios.hpp"

namespace kv::bench {
namespace {

constexpr std::size_t value_bytes = 1'000;  // so that the log grows quickly
constexpr double slot_seconds = 0.05;

struct Latencies {
  Histogram changing, between;
};

// What is done for a change may begin before it can be seen in the folder, and go on after that: so
// the slots beside one in which it was seen belong to it, too.
Latencies split(const std::vector<Report::Slot>& slots) {
  Latencies latencies;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const bool changing = slots[i].marked || (i > 0 && slots[i - 1].marked) ||
                          (i + 1 < slots.size() && slots[i + 1].marked);
    (changing ? latencies.changing : latencies.between).add(slots[i].latency);
  }
  return latencies;
}

void add_latencies(Bench& bench, const std::string& server, const Latencies& latencies) {
  const auto add = [&](const char* point, const char* metric, double value) {
    bench.figures.add("segments", point, metric, server, value);
  };
  const auto milliseconds = [](const Histogram& latency, double share) {
    return static_cast<double>(share < 1 ? latency.percentile(share) : latency.max()) / 1e6;
  };
  for (const auto& [metric, share] : {std::pair{"p999_ms", 0.999}, std::pair{"max_ms", 1.0}}) {
    const double changing = milliseconds(latencies.changing, share);
    const double between = milliseconds(latencies.between, share);
    add("while segments change", metric, changing);
    add("between changes", metric, between);
    add(share < 1 ? "99.9 % of answers" : "slowest answer", "of_between", changing / between);
  }
}

}  // namespace

void compare_segments(Bench& bench) {
  constexpr std::size_t changes_min = 3;
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program : bench.programs({5})) {
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
        if (segments.changes() >= changes_min && latencies.between.count() > 0) {
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
  for (const Program& program : bench.programs({0, 5})) {  // once: a size has no noise
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
