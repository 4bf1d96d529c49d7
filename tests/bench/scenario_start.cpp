// How long a server that holds data takes from its start to its first answer, and the memory that
// it takes for that.

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "fixtures/descriptor.hpp"
#include "scenarios.hpp"

namespace kv::bench {
namespace {

namespace fs = std::filesystem;
using Flags = std::vector<std::string>;

/// A folder as a server has left it, and how to start on a copy of it.
struct Prepared {
  std::string point;
  Program program;
  Start start;
  fs::path folder;
};

constexpr const char* from_log_killed = "from the log, after kill -9";
constexpr const char* from_log_stopped = "from the log, after a clean stop";
constexpr const char* from_snapshot = "from a snapshot";

// A start that makes a snapshot, and another one at a write; after two of them the log that filled
// the store is not needed any more.
void write_snapshots(const Bench& bench, Prepared& made) {
  made.start.snapshot_every = 1;
  Server server{made.program, made.start};
  server.wait_until_ready(0);
  wait_for_snapshots(made.start, 1);
  bench.fill(server, 1);
  wait_for_snapshots(made.start, 2);
  server.stop();
  made.start.snapshot_every = 0;
}

Prepared prepare(const Bench& bench, const Program& program, const std::string& point,
                 const std::string& name) {
  progress("start: " + program.name + " is filled, to start " + point);
  const bool log = point != from_snapshot;
  const Flags flags = !program.is_redis() ? Flags{"--store", "wal", "--fsync", "never"}
                      : log               ? Flags{"--appendonly", "yes", "--appendfsync", "no"}
                                          : Flags{};
  Prepared made{point, program, bench.start(program, name, flags), {}};
  {
    Server server{program, made.start};
    server.wait_until_ready();
    bench.fill(server, bench.keys());
    if (program.is_redis() && !log) {
      const Reply saved = Asker{server.address(), Protocol::resp}.ask("*1\r\n$4\r\nSAVE\r\n");
      if (saved.kind != Reply::Kind::ok) throw std::runtime_error{"redis could not SAVE"};
    }
    if (point == from_log_killed) {
      server.kill_9();
    } else {
      server.stop();
    }
  }
  if (!program.is_redis() && !log) write_snapshots(bench, made);
  made.folder = made.start.folder;
  made.start.folder += "-copy";
  return made;
}

// A start changes what it finds, so each has a copy. That is on the disk before the clock runs: a
// sync of the server would have to wait for it.
void copy(const Prepared& made) {
  fs::remove_all(made.start.folder);
  fs::copy(made.folder, made.start.folder, fs::copy_options::recursive);
  const test::Descriptor folder{::open(made.start.folder.c_str(), O_RDONLY | O_CLOEXEC)};
  if (folder.get() < 0 || ::syncfs(folder.get()) != 0)
    throw std::runtime_error{"cannot sync " + made.start.folder.string()};
}

void measure_one(Bench& bench, const Prepared& made) {
  copy(made);
  const std::uint32_t keys = bench.keys();
  Server server{made.program, made.start};
  const auto took = server.wait_until_ready(keys - 1);
  const Meter meter{server.pid()};
  const auto peak = static_cast<double>(meter.peak_resident_bytes());
  Workload load = bench.workload(server);  // are they all there?
  load.kind = Kind::hget;
  load.keys = keys;
  load.depth = 16;
  load.warm_up_seconds = 0;
  load.requests = 20'000;
  (void)bench.measure(server, load);
  const auto add = [&](const char* metric, double value) {
    bench.figures.add("start", made.point, metric, made.program.name, value);
  };
  add("seconds", took.count());
  add("peak_of_resident", peak / static_cast<double>(meter.resident_bytes()));
  server.stop();
  fs::remove_all(made.start.folder);
}

}  // namespace

void compare_start(Bench& bench) {
  const std::pair<const char*, const char*> points[] = {
      {from_log_killed, "killed"}, {from_log_stopped, "stopped"}, {from_snapshot, "snapshots"}};
  std::vector<Prepared> all;
  for (const auto& [point, name] : points) {
    for (const Program& program : bench.programs({0, 7})) {
      all.push_back(prepare(bench, program, point, name));
      if (!program.is_redis()) continue;
      all.push_back(all.back());  // of the same files
      all.back().program.name = Bench::noise;
    }
  }
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Prepared& made : for_round(round, all)) {
      progress("start: " + made.program.name + " " + made.point + ", " + bench.round_of(round));
      measure_one(bench, made);
    }
  }
}

}  // namespace kv::bench
