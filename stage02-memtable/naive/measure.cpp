// Measures the three storages side by side: how many commands a second 1, 2, 4 and 8 threads get
// done together, each with keys of its own, four reads to a write.
//
//     measure [MILLISECONDS]   for one run; 50 if not given. Of five the best is shown: others may
//                              have the processors meanwhile

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "naive/one_mutex.hpp"
#include "naive/owner_thread.hpp"
#include "table/memtable.hpp"

namespace {

constexpr int keys_a_thread = 1'000;
constexpr int reads_to_a_write = 4;
constexpr int runs = 5;

kv::AnswerLimit any_answer() {
  return {SIZE_MAX, [](const std::optional<kv::Value>&) { return std::size_t{0}; },
          [](const kv::Entry&) { return std::size_t{0}; }};
}

/// One client: commands until it is told to stop; how many they were.
long work(kv::Storage& storage, int thread, std::latch& start, const std::atomic<bool>& stop) {
  std::vector<kv::Entry> entries;
  for (int i = 0; i < keys_a_thread; ++i)
    entries.push_back({std::to_string(thread) + " " + std::to_string(i), std::string(100, 'v')});
  (void)storage.set_many("table", entries);
  start.arrive_and_wait();
  long done = 0;
  for (std::size_t i = 0; !stop; i = (i + 1) % entries.size()) {
    if (++done % (reads_to_a_write + 1) == 0) {
      (void)storage.set("table", entries[i]);  // what it answers is not what is measured
    } else {
      (void)storage.get("table", entries[i].key);
    }
  }
  return done;
}

double thousands_a_second(kv::Storage& storage, int count, std::chrono::milliseconds time) {
  std::atomic<bool> stop = false;
  std::atomic<long> done = 0;
  std::latch start{count + 1};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < count; ++thread)
    threads.emplace_back([&, thread] { done += work(storage, thread, start, stop); });
  start.arrive_and_wait();
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(time);
  stop = true;
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(done) / taken.count();
}

template <class Storage>
void measure(const char* name, std::chrono::milliseconds time) {
  std::printf("%-14s", name);
  for (const int threads : {1, 2, 4, 8}) {
    double best = 0;
    for (int run = 0; run < runs; ++run) {
      Storage storage{any_answer()};
      best = std::max(best, thousands_a_second(storage, threads, time));
    }
    std::printf("%10.0f", best);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::milliseconds time{argc > 1 ? std::atoi(argv[1]) : 50};
  std::printf("thousand commands a second, by threads, on %u processors\n%-14s%10d%10d%10d%10d\n",
              std::thread::hardware_concurrency(), "", 1, 2, 4, 8);
  measure<kv::OneMutex>("one mutex", time);
  measure<kv::OwnerThread>("owner thread", time);
  measure<kv::MemTable>("64 shards", time);
}
