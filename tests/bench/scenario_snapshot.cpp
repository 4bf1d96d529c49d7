// What a client notices of a snapshot that is written.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

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

// Stage 5 begins a snapshot whenever its log has grown by so much.
constexpr std::uint64_t snapshot_every = 16 * 1024 * 1024;

/// Resident memory of a server, looked at while a snapshot is written and before.
class SnapshotMemory {
 public:
  explicit SnapshotMemory(std::size_t before) : before_{before} {}

  /// Called every millisecond.
  void look(const Meter& meter, bool saving) {
    if (saving && ++calls_ % 8 == 0) most_ = std::max(most_, meter.resident_bytes());
  }

  void add_to(Figures& figures, const std::string& server) const {
    constexpr double mib = 1024 * 1024;
    const auto before = static_cast<double>(before_), most = static_cast<double>(most_);
    figures.add("snapshot", "before", "resident_mib", server, before / mib);
    figures.add("snapshot", "while it is written, at most", "resident_mib", server, most / mib);
    figures.add("snapshot", "while it is written, at most", "resident_of_allowed", server,
                most / (1.15 * before + 64 * mib));
  }

 private:
  std::size_t before_;
  std::size_t most_ = 0;
  unsigned calls_ = 0;
};

/// Sets `filled_bytes` to the memory that it takes when it has just been filled.
std::unique_ptr<Server> start_filled(const Bench& bench, const Program& program, Start& start,
                                     std::uint32_t keys, std::size_t& filled_bytes) {
  auto server = std::make_unique<Server>(program, start);
  server->wait_until_ready();
  bench.fill(*server, keys);
  filled_bytes = Meter{server->pid()}.resident_bytes();
  if (program.is_redis()) return server;
  server->stop();  // filled without snapshots: they would only have taken time
  start.snapshot_every = snapshot_every;
  server = std::make_unique<Server>(program, start);
  server->wait_until_ready(keys - 1);
  // The log of the fill is long enough for one at once. Those to be measured come after it: they
  // begin when the load has written as much.
  wait_for_snapshots(start, 1);
  return server;
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

void measure_one(Bench& bench, const Program& program, const Flags& flags, bool keep_series) {
  Start start = bench.start(program, "snapshot", flags);
  const std::uint32_t keys = 2 * bench.keys();  // 300 MB of rows
  std::size_t filled_bytes = 0;
  const auto server = start_filled(bench, program, start, keys, filled_bytes);
  const Meter meter{server->pid()};
  SnapshotMemory memory{std::min(filled_bytes, meter.resident_bytes())};
  std::optional<RedisSaves> saves;
  if (program.is_redis()) saves.emplace(*server, start.folder);
  const std::filesystem::path unfinished = start.folder / "data" / "snapshot.tmp";
  Workload load = bench.workload(*server);
  load.keys = keys;
  load.seconds = bench.pick(8.0, 3.0);
  load.slot_seconds = 0.05;
  load.mark = [&] {
    const bool saving = saves ? saves->saving() : ::access(unfinished.c_str(), F_OK) == 0;
    memory.look(meter, saving);
    return saving;
  };
  Report report = bench.measure(*server, load);
  for (int tries = 1; report.marked.count() == 0 && tries < 4; ++tries) {
    load.seconds *= 2;  // a slow machine writes less log, so the next snapshot is further away
    report = bench.measure(*server, load);
  }
  if (report.marked.count() == 0)
    throw std::runtime_error{program.name + " has not written a snapshot while it was loaded"};
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
  memory.add_to(bench.figures, program.name);
  if (keep_series) add_slots(bench, *server, report, load.slot_seconds);
}

}  // namespace

void compare_snapshot(Bench& bench) {
  for (std::uint32_t round = 0; round < bench.settings.rounds; ++round) {
    for (const Program& program : for_round(round, bench.programs_and_noise({0, 5}))) {
      progress("snapshot: " + program.name + ", " + bench.round_of(round));
      const Flags flags = program.is_redis()
                              ? Flags{"--appendonly", "yes", "--appendfsync", "everysec"}
                              : Flags{"--store", "wal", "--fsync", "everysec"};
      measure_one(bench, program, flags, round == 0);
      if (program.name != Bench::baseline) continue;
      Program without = program;
      without.name = "redis, no log";
      measure_one(bench, without, {}, false);
    }
  }
}

}  // namespace kv::bench
