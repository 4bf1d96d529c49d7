// How long a server that holds data takes from its start to its first answer.

#include <stdexcept>

#include "scenarios.hpp"

namespace kv::bench {
namespace {

using Flags = std::vector<std::string>;

/// A folder that holds the keys, and how to start on it.
struct Prepared {
  std::string point;
  Program program;
  Start start;
};

constexpr const char* from_log = "from the log";
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

Prepared prepare(const Bench& bench, const Program& program, const char* point,
                 std::uint32_t keys) {
  progress("start: " + program.name + " is filled, to start " + point);
  const bool log = point == from_log;
  const Flags flags = !program.is_redis() ? Flags{"--store", "wal", "--fsync", "never"}
                      : log               ? Flags{"--appendonly", "yes", "--appendfsync", "no"}
                                          : Flags{};
  Prepared made{point, program, bench.start(program, log ? "log" : "snapshots", flags)};
  {
    Server server{program, made.start};
    server.wait_until_ready();
    bench.fill(server, keys);
    if (program.is_redis() && !log) {
      const Reply saved = Asker{server.address(), Protocol::resp}.ask("*1\r\n$4\r\nSAVE\r\n");
      if (saved.kind != Reply::Kind::ok) throw std::runtime_error{"redis could not SAVE"};
    }
    server.stop();
  }
  if (!program.is_redis() && !log) write_snapshots(bench, made);
  return made;
}

}  // namespace

void compare_start(Bench& bench) {
  const std::uint32_t keys = bench.keys();
  std::vector<Prepared> all;
  for (const char* const point : {from_log, from_snapshot}) {
    for (const Program& program : bench.programs({0, 5})) {
      all.push_back(prepare(bench, program, point, keys));
      if (!program.is_redis()) continue;
      all.push_back(all.back());  // on the same files: it changes nothing in them
      all.back().program.name = Bench::noise;
    }
  }
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Prepared& made : for_round(round, all)) {
      progress("start: " + made.program.name + " " + made.point + ", " + bench.round_of(round));
      Server server{made.program, made.start};
      const auto took = server.wait_until_ready(keys - 1);
      bench.figures.add("start", made.point, "seconds", made.program.name, took.count());
      Workload load = bench.workload(server);  // are they all there?
      load.kind = Kind::hget;
      load.keys = keys;
      load.depth = 16;
      load.warm_up_seconds = 0;
      load.requests = 20'000;
      (void)bench.measure(server, load);
      server.stop();
    }
  }
}

}  // namespace kv::bench
