#include <algorithm>
#include <map>

#include "report.hpp"
#include "svg.hpp"

namespace kv::bench {
namespace {

const std::map<std::string, std::size_t> colour_of = {{"redis", 0},   {"stage 2", 1},
                                                      {"stage 3", 2}, {"stage 4", 5},
                                                      {"stage 5", 3}, {"redis, no log", 4}};

// A group for each point, a bar for each server; the noise figure is no server.
std::vector<BarGroup> groups(const Bench& bench, const std::string& scenario,
                             const std::string& metric) {
  std::vector<BarGroup> groups;
  for (const Figure& figure : bench.figures.all()) {
    if (figure.scenario != scenario || figure.metric != metric) continue;
    const auto colour = colour_of.find(figure.server);
    if (colour == colour_of.end()) continue;
    auto group = std::ranges::find(groups, figure.point, &BarGroup::title);
    if (group == groups.end()) group = groups.insert(group, {figure.point, {}});
    group->bars.push_back({figure.server, median(figure.rounds), colour->second});
  }
  for (BarGroup& group : groups) std::ranges::sort(group.bars, {}, &Bar::label);
  return groups;
}

std::vector<Line> lines(const Bench& bench, const std::string& scenario, const std::string& metric,
                        const std::vector<std::string>& servers) {
  std::vector<Line> lines;
  for (const std::string& server : servers) {
    for (const Series& series : bench.series) {
      if (series.scenario == scenario && series.metric == metric && series.server == server)
        lines.push_back({server, series.points, series.marked});
    }
  }
  return lines;
}

}  // namespace

void write_charts(const Bench& bench, const std::filesystem::path& folder) {
  const auto bars = [&](const char* name, const char* title, const char* scenario,
                        const char* metric) {
    const auto found = groups(bench, scenario, metric);
    if (!found.empty()) write_file(folder / name, bar_chart(title, found));
  };
  bars("throughput.svg", "Requests a second, 50 connections", "cpu", "per_second");
  bars("cpu.svg", "Server CPU for a request, microseconds", "cpu", "cpu_us");
  bars("durable.svg", "Durable HSETs a second: on the disk before the answer", "durable",
       "per_second");

  const auto curves = [&](const char* name, const char* title, const Axis& x, const Axis& y,
                          const std::vector<Line>& found) {
    if (!found.empty()) write_file(folder / name, line_chart(title, x, y, found));
  };
  const std::vector<std::string> both = {"stage 2", "stage 3"};
  curves("connections-memory.svg", "A thread for each connection, and a coroutine for each",
         {"idle connections"}, {"resident memory, MiB"},
         lines(bench, "idle", "resident_mib", both));
  curves("connections-threads.svg", "A thread for each connection, and a coroutine for each",
         {"idle connections"}, {"threads"}, lines(bench, "idle", "threads", both));
  curves("snapshot.svg", "Slowest HSET in each 50 ms; shaded: while a snapshot is written",
         {"seconds"}, {"milliseconds", true},
         lines(bench, "snapshot", "slowest_ms", {"redis", "stage 5"}));
}

}  // namespace kv::bench
