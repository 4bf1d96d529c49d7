// Two clients change the keys x and y again and again, the one as HMSET t x .. y .., the other as
// HMSET t y .. x ..; each locks the shards of all its keys before it changes one.
//
//     deadlock           locks them in the order of the keys
//     deadlock ordered   lowest shard first
//
// Exit status: 0 when both have done all their rounds; 1 when neither moves on any more.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <semaphore>
#include <string_view>
#include <thread>

namespace {

constexpr int rounds = 300;  // each; it is stuck after three, mostly
constexpr auto patience = std::chrono::seconds{2};  // a round takes microseconds

using Shards = std::array<std::size_t, 2>;

std::array<std::mutex, 64> locks;
std::array<std::atomic<int>, 2> rounds_done = {0, 0};
std::counting_semaphore<2> finished{0};

int all_rounds() { return rounds_done[0] + rounds_done[1]; }

/// Goes on until the other is done, too: or one could be before the other has begun.
void client(std::size_t self, Shards shards, bool ordered) {
  if (ordered) std::ranges::sort(shards);
  while (rounds_done[0] < rounds || rounds_done[1] < rounds) {
    const std::lock_guard first{locks[shards[0]]};
    std::this_thread::yield();  // here another thread may run at any time; now it does
    const std::lock_guard second{locks[shards[1]]};
    ++rounds_done[self];
  }
  finished.release();
}

/// False when no round has been done for as long as one can wait.
bool wait_for_one() {
  int before = 0;
  while (!finished.try_acquire_for(patience)) {
    const int now = all_rounds();
    if (now == before) return false;
    before = now;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool ordered = argc > 1 && std::string_view{argv[1]} == "ordered";
  constexpr std::size_t shard_of_x = 3, shard_of_y = 5;
  std::thread a{client, 0, Shards{shard_of_x, shard_of_y}, ordered};
  std::thread b{client, 1, Shards{shard_of_y, shard_of_x}, ordered};
  if (!wait_for_one() || !wait_for_one()) {
    std::cout << "stuck after " << all_rounds() << " of " << 2 * rounds << " rounds" << std::endl;
    std::_Exit(1);  // the threads cannot be joined: they wait for ever
  }
  a.join();
  b.join();
  std::cout << "both are done, after " << rounds << " rounds and more" << std::endl;
}
