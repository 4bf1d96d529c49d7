// Micro-benchmarks of stage 7's parts, by Google Benchmark: where the time of a request goes.
// Run one with --benchmark_filter=Codec. Files go below the folder that KV_BENCH_FOLDER names, or
// the current one, and to memory below /dev/shm.

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include "command/command.hpp"
#include "command/info.hpp"
#include "disk/data_files.hpp"
#include "disk/posix_folder.hpp"
#include "disk/snapshot.hpp"
#include "disk/wal.hpp"
#include "fixtures/wire.hpp"
#include "request.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::bench {
namespace {

constexpr std::uint32_t key_count = 100'000;
const std::string table = "bench";
const std::string value(100, 'v');

const AnswerLimit limit = answer_limit(4 * 1024 * 1024);

std::string key_of(std::uint64_t number) {
  return key_text(static_cast<std::uint32_t>(number % key_count), 16);
}

void fill(MemTable& memtable) {
  for (std::uint32_t i = 0; i < key_count; ++i) (void)memtable.set(table, {key_of(i), value});
}

/// A new folder, removed at the end of life.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent)
      : path_{(parent / "kv-micro-XXXXXX").string()} {
    if (!::mkdtemp(path_.data())) throw std::runtime_error{"cannot make " + path_};
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what is left over is not worth a failure
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string data() const { return path_ + "/data"; }

 private:
  std::string path_;
};

enum Where : std::int64_t { memory, disk };

std::filesystem::path parent(std::int64_t where) {
  if (where == memory) return "/dev/shm";  // a tmpfs on every Linux
  const char* const given = std::getenv("KV_BENCH_FOLDER");
  return given ? given : ".";
}

// ---- the memtable, with 1, 2 and 4 threads ----

std::unique_ptr<MemTable> shared_memtable;

void make_shared_memtable(const benchmark::State&) {
  shared_memtable = std::make_unique<MemTable>(limit);
  fill(*shared_memtable);
}
void drop_shared_memtable(const benchmark::State&) { shared_memtable.reset(); }

// Each thread picks keys at random, in an order of its own: none finds in a cache what the other
// one has just looked for.
std::mt19937 random_keys(const benchmark::State& state) {
  return std::mt19937{static_cast<std::uint32_t>(state.thread_index())};
}

void memtable_get(benchmark::State& state) {
  auto keys = random_keys(state);
  for (auto _ : state) benchmark::DoNotOptimize(shared_memtable->get(table, key_of(keys())));
  state.SetItemsProcessed(state.iterations());
}

void memtable_set(benchmark::State& state) {
  auto keys = random_keys(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(shared_memtable->set(table, {key_of(keys()), value}));
  state.SetItemsProcessed(state.iterations());
}

// One half each, a GET and a SET in turn.
void memtable_mixed(benchmark::State& state) {
  auto keys = random_keys(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(shared_memtable->get(table, key_of(keys())));
    benchmark::DoNotOptimize(shared_memtable->set(table, {key_of(keys()), value}));
  }
  state.SetItemsProcessed(2 * state.iterations());
}

BENCHMARK(memtable_get)
    ->Setup(make_shared_memtable)
    ->Teardown(drop_shared_memtable)
    ->ThreadRange(1, 4)
    ->UseRealTime();
BENCHMARK(memtable_set)
    ->Setup(make_shared_memtable)
    ->Teardown(drop_shared_memtable)
    ->ThreadRange(1, 4)
    ->UseRealTime();

BENCHMARK(memtable_mixed)
    ->Setup(make_shared_memtable)
    ->Teardown(drop_shared_memtable)
    ->ThreadRange(1, 4)
    ->UseRealTime();

// ---- the codec ----

void codec_decode_hset(benchmark::State& state) {
  const std::string message = test::wire::hset(table, key_of(1), test::wire::Value{value});
  for (auto _ : state) benchmark::DoNotOptimize(decode(message));
}

void codec_decode_hget(benchmark::State& state) {
  const std::string message = test::wire::hget(table, key_of(1));
  for (auto _ : state) benchmark::DoNotOptimize(decode(message));
}

void codec_encode_value(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    Response response;
    response.values.emplace_back(value);
    encode(std::move(response), 4 * 1024 * 1024, out);
    benchmark::DoNotOptimize(out.data());
  }
}

BENCHMARK(codec_decode_hset);
BENCHMARK(codec_decode_hget);
BENCHMARK(codec_encode_value);

// ---- the log ----

// Records that a thread hands to the log, which writes them in groups behind it; at the end, all
// are on the disk.
void log_append(benchmark::State& state) {
  const ScratchFolder scratch{parent(state.range(0))};
  const auto folder = open_posix_folder(scratch.data(), true);
  Wal wal{*folder, StoreId{}, Position{}, Sync::never, [](const Error&) { std::abort(); }};
  const Entry change{key_of(1), value};
  for (auto _ : state) {
    if (!wal.on_change(table, {&change, 1})) return state.SkipWithError("the log is full");
    wal.flush_soon();
  }
  if (!wal.make_durable(wal.last_lsn())) state.SkipWithError("the log cannot be synced");
  state.SetItemsProcessed(state.iterations());
}

// One record at a time, each on the disk before the next: what one client waits for.
void log_append_and_sync(benchmark::State& state) {
  const ScratchFolder scratch{parent(state.range(0))};
  const auto folder = open_posix_folder(scratch.data(), true);
  Wal wal{*folder, StoreId{}, Position{}, Sync::always, [](const Error&) { std::abort(); }};
  const Entry change{key_of(1), value};
  for (auto _ : state) {
    if (!wal.on_change(table, {&change, 1}) || !wal.make_durable(wal.last_lsn()))
      return state.SkipWithError("the log cannot be synced");
  }
  state.SetItemsProcessed(state.iterations());
}

// A fixed number: the log is removed only at the end, and must not fill the disk.
BENCHMARK(log_append)->ArgName("disk")->Arg(memory)->Arg(disk)->Iterations(500'000);
BENCHMARK(log_append_and_sync)
    ->ArgName("disk")
    ->Arg(memory)
    ->Arg(disk)
    ->Iterations(2'000)
    ->UseRealTime();

// ---- snapshots ----

/// A memtable and its log, in a folder of their own.
struct LoggedTable {
  explicit LoggedTable(std::int64_t where) : scratch{parent(where)} {
    memtable.observe({&wal});
    fill(memtable);
  }

  ScratchFolder scratch;
  std::unique_ptr<Folder> folder = open_posix_folder(scratch.data(), true);
  Wal wal{*folder, StoreId{}, Position{}, Sync::never, [](const Error&) { std::abort(); }};
  MemTable memtable{limit};
};

void snapshot_write(benchmark::State& state) {
  LoggedTable logged{state.range(0)};
  for (auto _ : state) {
    if (!write_snapshot(*logged.folder, StoreId{}, logged.memtable, logged.wal))
      return state.SkipWithError("the snapshot cannot be written");
  }
  state.SetItemsProcessed(state.iterations() * key_count);
}

void snapshot_load(benchmark::State& state) {
  LoggedTable logged{memory};
  const auto written = write_snapshot(*logged.folder, StoreId{}, logged.memtable, logged.wal);
  if (!written) return state.SkipWithError("the snapshot cannot be written");
  const auto file = logged.folder->open(snapshot_name(written->lsn));
  for (auto _ : state) {
    MemTable memtable{limit};
    const auto replay = [&memtable](std::string_view in, std::string_view key, Row row) {
      memtable.replay(in, key, std::move(row));
    };
    kv::Pieces pieces{**file};
    if (!read_snapshot(pieces, StoreId{}, written->lsn, replay))
      return state.SkipWithError("the snapshot cannot be read");
    benchmark::DoNotOptimize(kv::usage_of(memtable));
  }
  state.SetItemsProcessed(state.iterations() * key_count);
}

BENCHMARK(snapshot_write)->ArgName("disk")->Arg(memory)->Arg(disk)->Unit(benchmark::kMillisecond);
BENCHMARK(snapshot_load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kv::bench

BENCHMARK_MAIN();
