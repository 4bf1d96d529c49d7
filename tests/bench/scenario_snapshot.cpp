// What a client notices of a snapshot that is written.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

#include "scenarios.hpp"

namespace kv::bench {
namespace {

using Flags = std::vector<std::string>;

/// Has Redis save its data again and again, with a pause between; called every millisecond.
class RedisSaves {
 public:
  RedisSaves(const Server& server, const std::filesystem::path& folder)
      : asker_{server.address(), Protocol::resp}, file_{(folder / "dump.rdb").string()} {}

  bool saving() {
    const std::uint64_t now = now_ns();
    if (next_ns_ == 0) next_ns_ = now + pause_ns;
    if (saving_ && inode() != inode_before_) {  // the new file has replaced the old one
      saving_ = false;
      next_ns_ = now + pause_ns;
    } else if (!saving_ && now >= next_ns_) {
      inode_before_ = inode();
      saving_ = true;
      asker_.send("*1\r\n$6\r\nBGSAVE\r\n");
    }
    return saving_;
  }

 private:
  static constexpr std::uint64_t pause_ns = 1'000'000'000;

  ino_t inode() const {
    struct stat status {};
    return ::stat(file_.c_str(), &status) == 0 ? status.st_ino : 0;
  }

  Asker asker_;
  const std::string file_;
  bool saving_ = false;
  ino_t inode_before_ = 0;
  std::uint64_t next_ns_ = 0;
};

// Stage 7 begins a snapshot whenever its log has grown by so much.
constexpr std::uint64_t snapshot_every = 16 * 1024 * 1024;

/// A filled server, which writes a snapshot whenever its log has grown by so much, and what it took
/// in memory when it had just been filled.
struct Filled {
  std::unique_ptr<Server> server;
  std::size_t resident_bytes = 0;
};

Filled start_filled(const Bench& bench, const Program& program, Start& start, std::uint32_t keys,
                    const Shape& shape) {
  auto server = std::make_unique<Server>(program, start);
  server->wait_until_ready();
  bench.fill(*server, keys, shape);
  const auto resident_bytes = Meter{server->pid()}.resident_bytes();
  if (program.is_redis()) return {std::move(server), resident_bytes};
  server->stop();  // filled without snapshots: they would only have taken time
  start.snapshot_every = snapshot_every;
  server = std::make_unique<Server>(program, start);
  server->wait_until_ready();
  // The log of the fill is long enough for one at once. Those to be measured come after it: they
  // begin when the load has written as much.
  wait_for_snapshots(start, 1);
  return {std::move(server), resident_bytes};
}

void add_slots(Bench& bench, const Server& server, const Report& report, double slot_seconds) {
  Series series{"snapshot", "slowest_ms", server.program().name, {}, {}};
  bool open = false;
  for (std::size_t i = 0; i < report.slots.size(); ++i) {
    const double begin = static_cast<double>(i) * slot_seconds;
    const Report::Slot& slot = report.slots[i];
    if (slot.latency.count() > 0)
      series.points.emplace_back(begin, static_cast<double>(slot.latency.max()) / 1e6);
    if (slot.marked && !open) series.marked.emplace_back(begin, begin);
    open = slot.marked;
    if (open) series.marked.back().second = begin + slot_seconds;
  }
  bench.series.push_back(std::move(series));
}

/// Under a load that has seen a snapshot.
Report measure_snapshots(const Bench& bench, const Server& server, Workload load) {
  for (int tries = 0; tries < 4; ++tries) {
    Report report = bench.measure(server, load);
    if (report.marked.count() > 0) return report;
    load.seconds *= 2;  // a slow machine writes less log, so the next snapshot is further away
  }
  throw std::runtime_error{server.program().name +
                           " has not written a snapshot while it was loaded"};
}

/// Whether a snapshot is being written; called every millisecond.
std::function<bool()> saving_of(const Server& server, const Start& start) {
  if (server.program().is_redis()) {
    return [saves = std::make_shared<RedisSaves>(server, start.folder)] { return saves->saving(); };
  }
  return [unfinished = start.folder / "data" / "snapshot.tmp"] {
    return ::access(unfinished.c_str(), F_OK) == 0;
  };
}

void measure_latency(Bench& bench, const Program& program, const Flags& flags, bool keep_series) {
  Start start = bench.start(program, "snapshot", flags);
  const auto server = start_filled(bench, program, start, bench.keys(), {}).server;
  Workload load = bench.workload(*server);
  load.keys = bench.keys();
  load.seconds = bench.pick(8.0, 3.0);
  load.slot_seconds = 0.05;
  load.mark = saving_of(*server, start);
  const Report report = measure_snapshots(bench, *server, load);
  const auto add = [&](const char* point, const Histogram& latency) {
    const auto milliseconds = [&](double share) {
      return static_cast<double>(latency.percentile(share)) / 1e6;
    };
    bench.figures.add("snapshot", point, "p99_ms", program.name, milliseconds(0.99));
    bench.figures.add("snapshot", point, "p999_ms", program.name, milliseconds(0.999));
    bench.figures.add("snapshot", point, "max_ms", program.name,
                      static_cast<double>(latency.max()) / 1e6);
    bench.figures.add("snapshot", point, "answers", program.name,
                      static_cast<double>(latency.count()));
  };
  add("while it is written", report.marked);
  add("all the time", report.latency);
  if (keep_series) add_slots(bench, *server, report, load.slot_seconds);
}

// 300 MB of rows, under a full load: the more changes come meanwhile, and the larger they are, the
// more memory a snapshot may take.
void measure_memory(Bench& bench, const Program& program, const Flags& flags) {
  const std::uint32_t keys = bench.pick(280'000U, 56'000U);
  const Shape shape{.value_bytes = 1'000};
  Start start = bench.start(program, "snapshot", flags);
  const auto filled = start_filled(bench, program, start, keys, shape);
  const Meter meter{filled.server->pid()};
  const auto before = std::min(filled.resident_bytes, meter.resident_bytes());
  std::size_t most = 0;
  unsigned calls = 0;
  Workload load = bench.workload(*filled.server);
  load.shape = shape;
  load.keys = keys;
  load.depth = 16;
  load.seconds = bench.pick(6.0, 2.0);
  load.mark = [&, saving = saving_of(*filled.server, start)] {
    const bool is_saving = saving();
    if (is_saving && ++calls % 4 == 0) most = std::max(most, meter.resident_bytes());
    return is_saving;
  };
  (void)measure_snapshots(bench, *filled.server, load);
  constexpr double mib = 1024 * 1024;
  const auto add = [&](const char* point, const char* metric, double value) {
    bench.figures.add("snapshot", point, metric, program.name, value);
  };
  add("before", "resident_mib", static_cast<double>(before) / mib);
  add("while it is written, at most", "resident_mib", static_cast<double>(most) / mib);
  add("while it is written, at most", "resident_of_allowed",
      static_cast<double>(most) / (1.15 * static_cast<double>(before) + 64 * mib));
}

}  // namespace

void compare_snapshot(Bench& bench) {
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program : for_round(round, bench.programs_and_noise({0, 7}))) {
      progress("snapshot: " + program.name + ", " + bench.round_of(round));
      const Flags flags = program.is_redis()
                              ? Flags{"--appendonly", "yes", "--appendfsync", "everysec"}
                              : Flags{"--store", "wal", "--fsync", "everysec"};
      measure_latency(bench, program, flags, round == 0);
      const bool again = bench.settings.quick && round > 0;
      if (program.name != Bench::noise && !again) measure_memory(bench, program, flags);
      if (program.name != Bench::baseline) continue;
      Program without = program;
      without.name = "redis, no log";
      measure_latency(bench, without, {}, false);
    }
  }
}

}  // namespace kv::bench
