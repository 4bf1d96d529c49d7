#include <algorithm>
#include <map>

#include "report.hpp"
#include "svg.hpp"

namespace kv::bench {
namespace {

const std::map<std::string, std::size_t> colour_of = {
    {"redis", 0},   {"stage 2", 1}, {"stage 3", 2}, {"stage 4", 5},
    {"stage 5", 6}, {"stage 6", 7}, {"stage 7", 3}, {"redis, no log", 4}};

struct Chart {
  std::string scenario;
  std::string file;
  std::string title;
  std::string metric;
  Axis x = {}, y = {};  // of lines; without them it has bars
  std::vector<std::string> servers = {};
};

const std::vector<std::string> with_threads_and_without = {"stage 2", "stage 3"};

const Chart charts[] = {
    {"cpu", "throughput.svg", "Requests a second, 50 connections", "per_second"},
    {"cpu", "cpu.svg", "Server CPU for a request, microseconds", "cpu_us"},
    {"durable", "durable.svg", "Durable HSETs a second: on the disk before the answer",
     "per_second"},
    {"snapshot",
     "snapshot.svg",
     "Slowest HSET in each 50 ms; shaded: while a snapshot is written",
     "slowest_ms",
     {"seconds"},
     {"milliseconds", true},
     {"redis", "stage 7"}},
    {"idle",
     "connections-memory.svg",
     "Memory of a thread for each connection, and of a coroutine",
     "resident_mib",
     {"idle connections"},
     {"resident memory, MiB"},
     with_threads_and_without},
    {"idle",
     "connections-threads.svg",
     "A thread for each connection, and a coroutine for each",
     "threads",
     {"idle connections"},
     {"threads"},
     with_threads_and_without},
    {"growth",
     "growth-start.svg",
     "From start to first answer, after kill -9",
     "seconds",
     {"million keys"},
     {"seconds"},
     {"redis", "stage 7"}},
};

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
    group->bars.push_back({figure.server, median(figure.values), colour->second});
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
        lines.push_back({server, series.points, colour_of.at(server), series.marked});
    }
  }
  return lines;
}

}  // namespace

void write_charts(const Bench& bench, const std::filesystem::path& folder) {
  for (const Chart& chart : charts) {
    std::string svg;
    if (chart.y.label.empty()) {
      const auto found = groups(bench, chart.scenario, chart.metric);
      if (!found.empty()) svg = bar_chart(chart.title, found);
    } else {
      const auto found = lines(bench, chart.scenario, chart.metric, chart.servers);
      if (!found.empty()) svg = line_chart(chart.title, chart.x, chart.y, found);
    }
    if (!svg.empty()) write_file(folder / chart.file, svg);
  }
}

std::string chart_links(const std::string& scenario, const std::filesystem::path& folder) {
  std::string text;
  for (const Chart& chart : charts) {
    if (chart.scenario != scenario) continue;
    text += "\n![" + chart.title + "](" + (folder / chart.file).generic_string() + ")\n";
  }
  return text;
}

}  // namespace kv::bench
