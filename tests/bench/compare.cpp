#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "commands.hpp"
#include "report.hpp"

namespace kv::bench {
namespace {

constexpr Scenario scenarios[] = {
    {"cpu", "Requests in memory",
     "50 connections, 100,000 keys of 16 bytes, values of 100 bytes, nothing kept on disk, one "
     "thread\n(stage 2: a thread for each connection, all on one core). Depth: so many requests "
     "are sent together.",
     compare_cpu},
    {"durable", "Durable writes",
     "HSET that is answered when it is on the disk: stage 5, stages 6 and 7 with `--fsync "
     "always`,\nRedis with `appendfsync always`, on the same file system. 100,000 keys of 16 "
     "bytes, values of 100 bytes.",
     compare_durable},
    {"snapshot", "While a snapshot is written",
     "HSET from 50 connections, closed loop, while a store of {keys} keys is written to a snapshot "
     "(Redis: BGSAVE).\nStage 7 begins one whenever its log has grown by 16 MiB; Redis is asked "
     "for one a second after the last has ended.\nBoth keep a log that is synced each second; "
     "`redis, no log` keeps none. Memory is that of a store of 280,000 keys\n(`--quick`: 56,000) "
     "with values of 1,000 bytes at depth 16; of the server, and not of the process that Redis "
     "forks.",
     compare_snapshot},
    {"segments", "While segments change",
     "HSET from 50 connections, closed loop, values of 1,000 bytes, `--fsync always`, while the "
     "log goes on in a new\nsegment and a moment before and after, and in the rest of the time.",
     compare_segments},
    {"folder", "The size of the folder",
     "1,000 keys with values of 1,000 bytes are overwritten with default flags, 2 GB in all "
     "(`--quick`: 400 MB); Redis\nkeeps a log, and rewrites it when it has doubled.",
     compare_folder},
    {"memory", "Memory for a key",
     "Growth of resident memory while {keys} keys are set, divided by them.", compare_memory},
    {"idle", "Connections that do nothing",
     "Each has been answered a PING. Memory is the growth of the server's resident memory, after "
     "a pause of five seconds\n(`--quick`: none). What the kernel keeps for each socket and "
     "thread is not in it.",
     compare_idle},
    {"start", "From start to first answer",
     "A server is given {keys} keys of 16 bytes with values of 100, an HSET for each, is killed "
     "or stopped in order, and\nstarted again on a copy of its files; the clock runs from its "
     "start to the right answer to HGET of the last key.\nFiles are in the page cache.",
     compare_start},
    {"growth", "As a store grows",
     "1, 3 and 10 million keys (`--quick`: a tenth) of 16 bytes with values of 100, an HSET for "
     "each, in a log that is\nsynced each second. Then HSET from 50 connections, closed loop; "
     "then kill -9 and a start; then a snapshot, of a server\nthat has nothing else to do "
     "(Redis: BGSAVE). Files are in the page cache.",
     compare_growth},
};

/// What `compare` is told.
struct Told {
  std::filesystem::path stages;
  std::string redis = "redis-server";
  std::filesystem::path folder = ".";
  std::vector<std::string> only;
  std::uint32_t rounds = 0;
  bool quick = false;
  std::filesystem::path json;
  std::filesystem::path document;
  std::filesystem::path charts;
};

std::vector<Program> find_programs(const Told& told) {
  std::vector<Program> programs{{Bench::baseline, told.redis, 0}};
  for (const auto& entry : std::filesystem::directory_iterator{told.stages}) {
    const std::string name = entry.path().filename().string();
    const auto server = entry.path() / "kv-server";
    if (!name.starts_with("stage0") || name.size() < 7 || !std::filesystem::exists(server))
      continue;
    const int stage = name[6] - '0';
    if (stage >= 2)  // stage 1 serves one client at a time
      programs.push_back(
          {"stage " + std::to_string(stage), std::filesystem::absolute(server), stage});
  }
  std::ranges::sort(programs, {}, &Program::stage);
  if (programs.size() < 2)
    throw std::runtime_error{"there is no stageNN-name/kv-server in " + told.stages.string()};
  return programs;
}

std::string read_document(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return "# Benchmarks\n";
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

void write_document(const Bench& bench, const Machine& machine, const Told& told) {
  std::string document = read_document(told.document);
  const bool all = told.only.empty();  // else the head stays that of the run it speaks of
  if (all) document = with_section(document, "machine", introduction(bench, machine));
  for (const Scenario& scenario : scenarios) {
    std::string text = as_markdown(bench, scenario);
    if (text.empty()) continue;
    if (!all) text += "\nThis section has a run of its own. " + measured(bench, machine);
    if (!told.charts.empty()) {
      const auto from = std::filesystem::absolute(told.document).parent_path();
      text += chart_links(scenario.name,
                          std::filesystem::absolute(told.charts).lexically_relative(from));
    }
    if (document.find("<!-- figures begin: " + std::string{scenario.name}) == std::string::npos)
      document += "\n## " + std::string{scenario.title} + "\n";
    document = with_section(document, scenario.name, text);
  }
  write_file(told.document, document);
}

/// A new folder below another one, removed at the end of life with all that is in it.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent) {
    std::filesystem::create_directories(parent);
    std::string name = (std::filesystem::absolute(parent) / "kv-bench-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"cannot make " + name};
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what is left over is not worth a failure
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void run_scenarios(Bench& bench, const std::vector<std::string>& only) {
  const Pinned pinned{bench.cores.load};
  const double began = static_cast<double>(now_ns()) / 1e9;
  const double others_before = busy_seconds(bench.cores) - own_seconds();
  for (const Scenario& scenario : scenarios) {
    if (!only.empty() && std::ranges::find(only, scenario.name) == only.end()) continue;
    scenario.run(bench);
    std::cout << "## " << scenario.title << "\n\n" << as_markdown(bench, scenario) << std::endl;
  }
  const double others = busy_seconds(bench.cores) - own_seconds() - others_before;
  const double cores = bench.cores.server == bench.cores.load ? 1 : 2;
  const double took = static_cast<double>(now_ns()) / 1e9 - began;
  bench.others_share = std::clamp(others / (cores * took), 0.0, 1.0);
}

void run(const Told& told) {
  const ScratchFolder scratch{told.folder};
  Bench bench{.settings = {.programs = find_programs(told),
                           .folder = scratch.path(),
                           .rounds = told.rounds != 0 ? told.rounds
                                     : told.quick     ? 3U
                                                      : 5U,
                           .turns = told.quick ? 1U : 4U,
                           .quick = told.quick},
              .cores = pick_cores()};
  (void)raise_descriptor_limit();
  const Machine machine = describe_machine(bench.settings);
  run_scenarios(bench, told.only);
  std::cout << introduction(bench, machine) << std::flush;
  if (!told.json.empty()) write_file(told.json, as_json(bench, machine));
  if (!told.document.empty()) write_document(bench, machine, told);
  if (!told.charts.empty()) write_charts(bench, told.charts);
}

}  // namespace

void add_compare(CLI::App& app, int& exit_status) {
  CLI::App& compare = *app.add_subcommand("compare", "compares the stages with Redis");
  const auto told = std::make_shared<Told>();
  std::vector<std::string> names;
  for (const Scenario& scenario : scenarios) names.emplace_back(scenario.name);
  compare.add_option("--stages", told->stages, "build folder: stageNN-name/kv-server are in it")
      ->required()
      ->check(CLI::ExistingDirectory);
  compare.add_option("--redis", told->redis, "redis-server")->capture_default_str();
  compare
      .add_option("--folder", told->folder,
                  "where to make a folder for the servers' data, removed at the end")
      ->capture_default_str();
  compare.add_option("--only", told->only, "these scenarios, with commas between")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  compare.add_option("--rounds", told->rounds, "default: 5, or 3 with --quick")
      ->check(CLI::Range(1U, 100U));
  compare.add_flag("--quick", told->quick, "less than five minutes, and rougher");
  compare.add_option("--json", told->json, "write all figures to this file");
  compare.add_option("--document", told->document, "write the tables into this Markdown file");
  compare.add_option("--charts", told->charts, "write SVG charts to this folder");
  compare.callback([told, &exit_status] {
    run(*told);
    exit_status = 0;
  });
}

}  // namespace kv::bench
