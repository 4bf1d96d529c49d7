// Requests under load: in memory, and with a log that is synced before every answer.

#include <memory>
#include <span>

#include "scenarios.hpp"

namespace kv::bench {
namespace {

struct Point {
  const char* name;
  Kind kind;
  std::uint32_t connections;
  std::uint32_t depth;
};

using Servers = std::vector<std::unique_ptr<Server>>;

// All of them run at the same time, and are loaded one after the other, each for less than a
// second, so that the figures that are compared lie close together in time. A server without a
// load hardly does anything.
void measure_points(Bench& bench, const std::string& scenario, const Servers& servers,
                    std::span<const Point> points, std::uint32_t keys, std::uint32_t round) {
  const std::uint32_t turns = bench.settings.turns;
  for (const Point& point : points) {
    for (std::uint32_t turn = 0; turn < turns; ++turn) {
      for (const auto& server : servers) {
        Workload load = bench.workload(*server);
        load.kind = point.kind;
        load.connections = point.connections;
        load.depth = point.depth;
        load.keys = keys;
        load.seed = round * turns + turn + 1;
        bench.add(scenario, point.name, *server, bench.measure(*server, load));
      }
    }
  }
}

}  // namespace

void compare_cpu(Bench& bench) {
  constexpr std::uint32_t keys = 100'000;
  constexpr Point points[] = {{"HSET, depth 1", Kind::hset, 50, 1},
                              {"HGET, depth 1", Kind::hget, 50, 1},
                              {"HSET, depth 16", Kind::hset, 50, 16},
                              {"HGET, depth 16", Kind::hget, 50, 16}};
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    progress("cpu: " + bench.round_of(round));
    Servers servers;
    for (const Program& program :
         for_round(round, bench.programs_and_noise({0, 2, 3, 4, 5, 6, 7}))) {
      const Start start = bench.start(program, "cpu", in_memory(program));
      servers.push_back(std::make_unique<Server>(program, start));
      servers.back()->wait_until_ready();
      bench.fill(*servers.back(), keys);
    }
    measure_points(bench, "cpu", servers, points, keys, round);
  }
}

void compare_durable(Bench& bench) {
  constexpr std::uint32_t keys = 100'000;
  constexpr Point points[] = {{"1 client", Kind::hset, 1, 1},
                              {"50 clients", Kind::hset, 50, 1},
                              {"50 clients, depth 16", Kind::hset, 50, 16}};
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    progress("durable: " + bench.round_of(round));
    Servers servers;
    for (const Program& program : for_round(round, bench.programs_and_noise({0, 5, 6, 7}))) {
      std::vector<std::string> flags{"--store",
                                     "wal"};  // stage 5 knows no other policy than always
      if (program.is_redis()) flags = {"--appendonly", "yes", "--appendfsync", "always"};
      if (program.stage >= 6) flags.insert(flags.end(), {"--fsync", "always"});
      servers.push_back(std::make_unique<Server>(program, bench.start(program, "durable", flags)));
      servers.back()->wait_until_ready();
    }
    measure_points(bench, "durable", servers, points, keys, round);
  }
}

}  // namespace kv::bench
