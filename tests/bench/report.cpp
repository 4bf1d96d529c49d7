#include "report.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "bars.hpp"
#include "json.hpp"
#include "svg.hpp"

namespace kv::bench {
namespace {

struct Metric {
  const char* name;
  const char* title;
  bool alone = false;  // its ratio to Redis says nothing
};

constexpr Metric metrics[] = {
    {"cpu_us", "Server CPU for a request, microseconds"},
    {"per_second", "Requests a second"},
    {"p50_us", "Median latency, microseconds"},
    {"p99_us", "99 % of answers within, microseconds"},
    {"p999_us", "99.9 % of answers within, microseconds"},
    {"p99_ms", "99 % of answers within, milliseconds"},
    {"p999_ms", "99.9 % of answers within, milliseconds"},
    {"max_ms", "Slowest answer, milliseconds"},
    {"window_max_ms", "Slowest answer of 150 ms, the median of all of them, milliseconds"},
    {"bytes_per_key", "Resident memory for a key, bytes"},
    {"kib_per_connection", "Resident memory for a connection, KiB"},
    {"threads", "Threads of the server", true},
    {"seconds", "From start to first answer, seconds"},
    {"snapshot_seconds", "A snapshot, seconds"},
    {"peak_of_resident", "Most resident memory until the first answer, to that after it", true},
    {"resident_mib", "Resident memory, MiB"},
    {"resident_of_allowed", "That, to 1.15 of what it was before and 64 MiB", true},
    {"of_between", "While segments change, to between changes", true},
    {"folder_mib", "Size of the folder, MiB"},
};

using Figured = std::vector<const Figure*>;

Figured of(const Bench& bench, const std::string& scenario, const std::string& metric) {
  Figured found;
  for (const Figure& figure : bench.figures.all()) {
    if (figure.scenario == scenario && figure.metric == metric) found.push_back(&figure);
  }
  return found;
}

// In the order of the report: Redis, the stages, and what else there is.
std::vector<std::string> distinct(const Figured& figures, std::string Figure::*member) {
  std::vector<std::string> names;
  for (const Figure* const figure : figures) {
    if (std::ranges::find(names, figure->*member) == names.end()) names.push_back(figure->*member);
  }
  return names;
}

std::vector<std::string> servers_of(const Figured& figures) {
  auto names = distinct(figures, &Figure::server);
  const auto rank = [](const std::string& name) {
    if (name == Bench::baseline) return 0;
    return name.starts_with("stage") ? 1 : 2;
  };
  std::ranges::sort(names, [&](const std::string& a, const std::string& b) {
    return std::pair{rank(a), a} < std::pair{rank(b), b};
  });
  return names;
}

std::string cell(const Bench& bench, const Metric& metric, const Figure& figure) {
  std::string text = readable(median(figure.values));
  if (figure.server == Bench::baseline || metric.alone) return text;
  if (const auto ratio = bench.figures.ratio(figure, Bench::baseline))
    text += fmt::format(" ({:.{}f})", ratio->median, ratio->median < 10 ? 2 : 0);
  return text;
}

std::string table(const Bench& bench, const Metric& metric, const Figured& figures) {
  const auto servers = servers_of(figures);
  const auto points = distinct(figures, &Figure::point);
  const auto& scenario = figures.front()->scenario;
  const bool has_bars = std::ranges::any_of(
      points, [&](const auto& point) { return !bar_of(scenario, metric.name, point).empty(); });
  std::string text = fmt::format("{}:\n\n| |", metric.title);
  for (const auto& server : servers) text += " " + server + " |";
  if (has_bars) text += " bar for stage 7 |";
  text += "\n|---|";
  for (std::size_t i = 0; i < servers.size() + (has_bars ? 1 : 0); ++i) text += "---:|";
  for (const auto& point : points) {
    text += "\n| " + point + " |";
    for (const auto& server : servers) {
      const Figure* const figure = bench.figures.find(scenario, point, metric.name, server);
      text += " " + (figure ? cell(bench, metric, *figure) : "") + " |";
    }
    if (has_bars) text += " " + bar_of(scenario, metric.name, point) + " |";
  }
  return text + "\n";
}

// All figures of a scenario have as many values.
std::string medians(const Bench& bench, const Figure& figure) {
  const auto values = figure.values.size(), rounds = std::size_t{bench.settings.rounds};
  if (values <= rounds) return fmt::format("Rounds: {}.", values);
  return fmt::format("Rounds: {}, turns in each: {}.", rounds, values / rounds);
}

std::string first_line(const std::string& path, const std::string& begin) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(begin)) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown";
}

std::string file_system_of(const std::filesystem::path& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) < 0) return "unknown";
  switch (static_cast<unsigned long>(status.f_type)) {
    case 0xef53: return "ext4";
    case 0x58465342: return "xfs";
    case 0x9123683e: return "btrfs";
    case 0x794c7630: return "overlay";
    case 0x01021994: return "tmpfs: its durable figures mean nothing";
    default: return fmt::format("file system {:#x}", static_cast<unsigned long>(status.f_type));
  }
}

}  // namespace

Machine describe_machine(const Settings& settings) {
  Machine machine;
  machine.processor = fmt::format("{}, {} cores", first_line("/proc/cpuinfo", "model name"),
                                  std::thread::hardware_concurrency());
  utsname system{};
  if (::uname(&system) == 0) machine.kernel = fmt::format("{} {}", system.sysname, system.release);
  machine.file_system = file_system_of(settings.folder);
  const auto version = test::run({settings.programs.front().path.string(), "--version"}).out;
  machine.redis = version.substr(0, version.find(" sha"));
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  machine.date =
      fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
  return machine;
}

std::string as_json(const Bench& bench, const Machine& machine) {
  Json json;
  json.open('{').field("date", machine.date).field("processor", machine.processor);
  json.field("kernel", machine.kernel).field("file_system", machine.file_system);
  json.field("redis", machine.redis).field("quick", bench.settings.quick);
  json.field("rounds", static_cast<double>(bench.settings.rounds));
  json.field("turns", static_cast<double>(bench.settings.turns));  // where throughput is measured
  json.field("others_share", bench.others_share);
  json.key("figures").open('[');
  for (const Figure& figure : bench.figures.all()) {
    json.open('{').field("scenario", figure.scenario).field("point", figure.point);
    json.field("metric", figure.metric).field("server", figure.server);
    json.field("median", median(figure.values));
    if (const auto ratio = bench.figures.ratio(figure, Bench::baseline)) {
      json.field("ratio", ratio->median).field("ratio_least", ratio->least);
      json.field("ratio_most", ratio->most);
    }
    json.key("values").open('[');
    for (const double value : figure.values) json.value(value);
    json.close(']').close('}');
  }
  return json.close(']').close('}').text() + "\n";
}

std::string measured(const Bench& bench, const Machine& machine) {
  return fmt::format(
      "Measured on {} with `./learn bench{}`: {}; {}; data on {}; {}.\n"
      "Other programs used {:.0f} % of the two cores meanwhile{}.\n",
      machine.date, bench.settings.quick ? " --quick" : "", machine.processor, machine.kernel,
      machine.file_system, machine.redis, bench.others_share * 100,
      bench.others_share > Bench::others_share_max
          ? ": too much for figures of throughput and latency; run it again on a quiet machine"
          : "");
}

std::string introduction(const Bench& bench, const Machine& machine) {
  return measured(bench, machine) +
         "\nThe server has one core, the load the other. A figure is the median of all turns of "
         "all rounds; each section says\nhow many there were. In brackets: its ratio to Redis, "
         "the median of the ratios within each turn. `redis again` is a\nsecond Redis in the "
         "same rounds: so much is noise. Charts with lines show the first round. Absolute figures "
         "are\nthis machine's; compare ratios.\n";
}

std::string as_markdown(const Bench& bench, const Scenario& scenario) {
  std::string text;
  Figured figures;
  for (const Metric& metric : metrics) {
    const auto found = of(bench, scenario.name, metric.name);
    if (!found.empty()) text += "\n" + table(bench, metric, found);
    figures.insert(figures.end(), found.begin(), found.end());
  }
  if (figures.empty()) return "";
  const auto how =
      fmt::format(fmt::runtime(scenario.how), fmt::arg("keys", readable(bench.keys())));
  return fmt::format("{}\n{}\n{}", how, medians(bench, *figures.front()), text);
}

std::string with_section(const std::string& document, const std::string& name,
                         const std::string& text) {
  const std::string begin = "<!-- figures begin: " + name + " -->\n";
  const std::string end = "<!-- figures end: " + name + " -->\n";
  const std::size_t from = document.find(begin);
  if (from == std::string::npos) return document + "\n" + begin + text + end;
  const std::size_t to = document.find(end, from);
  if (to == std::string::npos)
    throw std::runtime_error{"the section of " + name + " begins and has no end"};
  return document.substr(0, from) + begin + text + document.substr(to);
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream file{path, std::ios::binary};
  if (!(file << text) || !file.flush()) throw std::runtime_error{"cannot write " + path.string()};
}

}  // namespace kv::bench
