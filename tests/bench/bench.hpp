#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "figures.hpp"
#include "load.hpp"
#include "meter.hpp"
#include "server.hpp"

namespace kv::bench {

struct Settings {
  std::vector<Program> programs = {};  ///< Redis first, then the stages from 2 on
  std::filesystem::path folder = {};   ///< for the servers' data; on the disk that is measured
  std::uint32_t rounds = 5;            ///< in each, every server is started anew
  std::uint32_t turns = 4;             ///< in a round, where throughput is measured
  bool quick = false;                  ///< all of it in less than five minutes, and rougher
};

/// A line of a chart, with the stretches of its x axis that are to be shaded.
struct Series {
  std::string scenario;
  std::string metric;
  std::string server;
  std::vector<std::pair<double, double>> points;
  std::vector<std::pair<double, double>> marked = {};
};

/// What a scenario works with, and where it leaves what it found.
struct Bench {
  Settings settings;
  Cores cores;
  Figures figures = {};
  std::vector<Series> series = {};
  double others_share = 0;  ///< of the two cores' time, while all this was measured

  /// Above it, throughput and latency say more about the other programs.
  static constexpr double others_share_max = 0.05;

  static constexpr const char* baseline = "redis";
  static constexpr const char* noise = "redis again";  ///< what it says about itself

  /// The programs with these numbers; 0 is Redis.
  std::vector<Program> programs(const std::vector<int>& stages) const;

  /// The same, with Redis once more at the end under the name of `noise`.
  std::vector<Program> programs_and_noise(const std::vector<int>& stages) const;

  template <class T>
  T pick(T full, T quick) const {
    return settings.quick ? quick : full;
  }

  /// Of a large table, where the time or the memory for all of it is measured.
  std::uint32_t keys() const { return pick(1'000'000U, 200'000U); }

  std::string round_of(std::uint32_t round) const;  ///< "round 1 of 5", for progress()

  /// How to start a server with an empty folder of its own.
  Start start(const Program& program, const std::string& scenario,
              std::vector<std::string> flags) const;

  /// A load on this server: 50 connections, HSET, every answer checked.
  Workload workload(const Server& server) const;

  /// Throws when an answer was wrong: then a figure means nothing.
  Report measure(const Server& server, const Workload& workload) const;

  /// Sets keys 0 to `keys` - 1, an HSET for each.
  void fill(const Server& server, std::uint32_t keys, const Shape& shape = {}) const;

  /// Throughput, latency and CPU of one turn.
  void add(const std::string& scenario, const std::string& point, const Server& server,
           const Report& report);
};

/// Every second round goes the other way round: who comes first has no advantage then.
template <class T>
std::vector<T> for_round(std::uint32_t round, std::vector<T> all) {
  if (round % 2 == 1) std::ranges::reverse(all);
  return all;
}

/// Waits until a stage 7 that was started so has written so many snapshots that it keeps (two at
/// most). Throws when that takes too long.
void wait_for_snapshots(const Start& start, std::ptrdiff_t count);

/// A line on standard error, with the time since the start of the program.
void progress(const std::string& what);

}  // namespace kv::bench
