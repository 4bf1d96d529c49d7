#include "commands.hpp"

#include <cstdio>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <random>

#include "idle.hpp"
#include "json.hpp"
#include "load.hpp"
#include "meter.hpp"

namespace kv::bench {
namespace {

/// What every subcommand that talks to a server is told.
struct Told {
  Workload workload = {};
  bool json = false;
  std::int64_t key = -1;  // of first-answer
  double since = 0;       // of first-answer
  std::uint32_t limit_seconds = 60;
};

template <class Number>
CLI::Option* number(CLI::App& app, const std::string& name, Number& to, const std::string& help,
                    Number least = 0, Number most = std::numeric_limits<Number>::max()) {
  return app.add_option(name, to, help)->check(CLI::Range(least, most))->capture_default_str();
}

void add_server(CLI::App& app, Told& told) {
  Workload& load = told.workload;
  app.add_option("--host", load.address.host, "IPv4 address of the server")->capture_default_str();
  number<std::uint16_t>(app, "--port", load.address.port, "port of the server", 1);
  app.add_option("--protocol", load.protocol, "frame: our stages 3 to 7; resp: Redis, 1 and 2")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Protocol>{{"frame", Protocol::frame}, {"resp", Protocol::resp}}));
  app.add_flag("--json", told.json, "print JSON");
}

void add_shape(CLI::App& app, Told& told) {
  Shape& shape = told.workload.shape;
  app.add_option("--table", shape.table, "table, or key of a Redis hash")->capture_default_str();
  number<std::size_t>(app, "--key-bytes", shape.key_bytes, "bytes of a key", key_bytes_min, 1024);
  number<std::size_t>(app, "--value-bytes", shape.value_bytes, "bytes of a value", 1, 1024 * 1024);
}

void add_traffic(CLI::App& app, Told& told) {
  Workload& load = told.workload;
  number<std::uint32_t>(app, "--connections", load.connections, "connections", 1, 100'000);
  number<std::uint32_t>(app, "--depth", load.depth, "requests at a time on each", 1, 100'000);
  number<std::uint32_t>(app, "--keys", load.keys, "different keys", 1);
  number<pid_t>(app, "--pid", load.pid, "process of the server, to be measured", 1);
}

std::shared_ptr<Told> told_for(CLI::App& app) {
  auto told = std::make_shared<Told>();
  add_server(app, *told);
  return told;
}

void print_json(const Workload& load, const Report& report) {
  const auto microseconds = [&report](double share) {
    return static_cast<double>(report.latency.percentile(share)) / 1e3;
  };
  Json json;
  json.open('{').field("seed", static_cast<double>(load.seed));
  json.field("requests", static_cast<double>(report.requests));
  json.field("wrong", static_cast<double>(report.wrong)).field("seconds", report.seconds);
  json.field("per_second", report.per_second());
  json.field("p50_us", microseconds(0.5)).field("p99_us", microseconds(0.99));
  json.field("p999_us", microseconds(0.999));
  json.field("max_us", static_cast<double>(report.latency.max()) / 1e3);
  if (report.server_cpu_seconds) {
    json.field("cpu_us_per_request", report.cpu_us_per_request());
    json.field("resident_bytes", static_cast<double>(*report.server_resident_bytes));
    json.field("threads", static_cast<double>(*report.server_threads));
  }
  std::cout << json.close('}').text() << '\n';
}

void print_text(const Workload& load, const Report& report) {
  const auto microseconds = [&report](double share) {
    return static_cast<double>(report.latency.percentile(share)) / 1e3;
  };
  std::printf("seed        %llu\n", static_cast<unsigned long long>(load.seed));
  std::printf("requests    %llu in %.3f s, %llu wrong\n",
              static_cast<unsigned long long>(report.requests), report.seconds,
              static_cast<unsigned long long>(report.wrong));
  std::printf("throughput  %.0f a second\n", report.per_second());
  std::printf("latency us  p50 %.1f, p99 %.1f, p99.9 %.1f, max %.1f (percentiles to %.1f %%)\n",
              microseconds(0.5), microseconds(0.99), microseconds(0.999),
              static_cast<double>(report.latency.max()) / 1e3, Histogram::error_max * 100);
  if (!report.server_cpu_seconds) return;
  std::printf("server      %.3f us of CPU a request, %.1f MiB resident, %zu threads\n",
              report.cpu_us_per_request(),
              static_cast<double>(*report.server_resident_bytes) / (1024 * 1024),
              *report.server_threads);
}

int run_and_print(const Told& told) {
  const Report report = run_load(told.workload);
  (told.json ? print_json : print_text)(told.workload, report);
  if (report.wrong == 0) return 0;
  std::cerr << "kv-bench: " << report.wrong << " wrong answers; the first: " << report.first_wrong
            << '\n';
  return 1;
}

}  // namespace

void add_load(CLI::App& app, int& exit_status) {
  CLI::App& load = *app.add_subcommand("load", "asks as fast as answers come, and measures");
  const auto told = told_for(load);
  Workload& work = told->workload;
  add_shape(load, *told);
  add_traffic(load, *told);
  load.add_option("--command", work.kind, "ping, hset, hget or mixed")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Kind>{{"ping", Kind::ping},
                                                                      {"hset", Kind::hset},
                                                                      {"hget", Kind::hget},
                                                                      {"mixed", Kind::mixed}}));
  load.add_option("--hget-share", work.hget_share, "of mixed, from 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  load.add_option("--mode", work.mode,
                  "batch: send DEPTH, wait for DEPTH; window: keep DEPTH in flight")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Mode>{{"batch", Mode::batch}, {"window", Mode::window}}));
  number<double>(load, "--warm-up", work.warm_up_seconds, "seconds before measuring", 0, 3600);
  auto* const seconds = number<double>(load, "--seconds", work.seconds, "seconds", 0.001, 3600);
  number<std::uint64_t>(load, "--requests", work.requests, "so many, in place of --seconds", 1)
      ->excludes(seconds)
      ->excludes("--warm-up");
  load.add_flag("--verify", work.verify, "check every byte that HGET answers");
  work.seed = std::random_device{}();
  load.add_option("--seed", work.seed, "picks the keys; default: a new one each time");
  load.callback([told, &exit_status] { exit_status = run_and_print(*told); });
}

void add_fill(CLI::App& app, int& exit_status) {
  CLI::App& fill = *app.add_subcommand("fill", "sets every key once, as fast as it goes");
  const auto told = told_for(fill);
  told->workload.connections = 4;
  told->workload.depth = 256;
  told->workload.mode = Mode::window;
  told->workload.in_order = true;
  add_shape(fill, *told);
  add_traffic(fill, *told);
  fill.callback([told, &exit_status] {
    told->workload.requests = told->workload.keys;
    exit_status = run_and_print(*told);
  });
}

void add_idle(CLI::App& app, int& exit_status) {
  CLI::App& idle = *app.add_subcommand("idle", "opens connections, and tells what they cost");
  const auto told = told_for(idle);
  number<std::uint32_t>(idle, "--connections", told->workload.connections, "connections", 1,
                        100'000);
  number<pid_t>(idle, "--pid", told->workload.pid, "process of the server", 1)->required();
  idle.callback([told, &exit_status] {
    (void)raise_descriptor_limit();
    const Workload& load = told->workload;
    const auto steps = measure_idle(load.address, load.protocol, {load.connections}, load.pid);
    Json json;
    json.open('{').field("connections", static_cast<double>(load.connections));
    json.field("bytes_per_connection", bytes_per_connection(steps));
    json.field("resident_bytes_before", static_cast<double>(steps.front().resident_bytes));
    json.field("resident_bytes_after", static_cast<double>(steps.back().resident_bytes));
    json.field("threads_before", static_cast<double>(steps.front().threads));
    json.field("threads_after", static_cast<double>(steps.back().threads)).close('}');
    if (told->json) {
      std::cout << json.text() << '\n';
    } else {
      std::printf("%u connections: %.2f KiB each, %zu threads before and %zu after\n",
                  load.connections, bytes_per_connection(steps) / 1024, steps.front().threads,
                  steps.back().threads);
    }
    exit_status = 0;
  });
}

void add_first_answer(CLI::App& app, int& exit_status) {
  CLI::App& first = *app.add_subcommand("first-answer", "waits until the server answers");
  const auto told = told_for(first);
  add_shape(first, *told);
  number<std::int64_t>(first, "--key", told->key, "HGET of this key; without it, PING", 0,
                       std::numeric_limits<std::uint32_t>::max());
  first.add_option("--since", told->since,
                   "when the server was started, seconds since 1970, as "
                   "`date +%s.%N` prints; default: now");
  number<std::uint32_t>(first, "--limit", told->limit_seconds, "give up after seconds", 1, 3600);
  first.callback([told, &exit_status] {
    const Workload& load = told->workload;
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    const double late = told->since > 0 ? now.count() - told->since : 0;
    const auto took = wait_for_answer(load.address, load.protocol, load.shape, told->key,
                                      std::chrono::steady_clock::now(),
                                      std::chrono::seconds{told->limit_seconds});
    Json json;
    json.open('{').field("seconds", took.count() + late).close('}');
    if (told->json) std::cout << json.text() << '\n';
    if (!told->json) std::printf("answered after %.3f s\n", took.count() + late);
    exit_status = 0;
  });
}

}  // namespace kv::bench
