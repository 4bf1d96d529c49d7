// Runs a store through every simulated crash, and draws the first one that loses something: what
// ./learn crash shows. Exit status: 0, nothing is lost; 1, a loss; 2, it could not be tried.

#include <fmt/core.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "drawing.hpp"
#include "search.hpp"

namespace kv::test {
namespace {

using Next = Command::Next;

/// HSET t key value; the value is as long as that, or short.
Command set(const std::string& key, std::size_t bytes = 0, Next next = Next::acknowledged) {
  const auto number = key.substr(1);
  const auto value = bytes > 0 ? std::string(bytes, number[0]) : "v" + number;
  const auto shown = bytes > 0 ? fmt::format("({} bytes)", bytes) : value;
  return {.run = [=](Storage& storage) -> Result<void> {
            const auto done = storage.set("t", {key, value});
            return done ? Result<void>{} : done.error();
          },
          .text = fmt::format("HSET t {} {}", key, shown),
          .next = next};
}

/// Small ones first, so that what is drawn is no longer than it has to be.
std::vector<Plan> plans() {
  return {
      {.commands = {set("k1")}},
      {.commands = {set("k1"), set("k2")}, .stops_in_order = true},
      {.commands = {set("k1", 700, Next::written), set("k2"), set("k3", 0, Next::at_once)}},
      // Snapshots: between commands, and while there are commands.
      {.commands = {set("k1"), set("k2")}, .snapshot_every = 1, .waits_for_snapshots = true},
      {.commands = {set("k1"), set("k2")}, .snapshot_every = 1, .holds_up_snapshots = true},
      {.commands = {set("k1"), set("k2", 0, Next::at_once)},
       .snapshot_every = 1,
       .holds_up_snapshots = true},
      // More than a segment of stage 6 holds; the third command is still on its way when it is
      // full.
      {.commands = {set("k1", 1400), set("k2", 1400), set("k3", 700, Next::written),
                    set("k4", 1400), set("k5", 1400)}},
      {.commands = {set("k1", 1400), set("k2", 1400), set("k3", 700, Next::at_once),
                    set("k4", 1400), set("k5", 1400)}},
      {.commands = {set("k1", 1400), set("k2", 1400), set("k3", 1400), set("k4", 1400)},
       .snapshot_every = 1,
       .waits_for_snapshots = true},
  };
}

std::optional<Loss> search_all(Search& search) {
  constexpr std::size_t disks = 15, lives = 4;
  for (const auto& plan : plans()) {
    if (auto loss = search.everywhere(plan, {.commands = {set("k8")}})) return loss;
  }
  for (std::size_t disk = 0; disk < disks; ++disk) {
    if (auto loss = search.at_random(lives)) return loss;
  }
  return std::nullopt;
}

int run(std::uint32_t seed) {
  const CapturedLog quiet;
  const auto begin = std::chrono::steady_clock::now();
  Search search{seed};
  const auto loss = search_all(search);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (loss) {
    fmt::print("{}\n(--seed {} finds it again)\n", draw(*loss), seed);
    return 1;
  }
  fmt::print("{} crashes in {:.1f} s: nothing that was acknowledged is lost\n", search.crashes(),
             took.count());
  return 0;
}

}  // namespace
}  // namespace kv::test

int main(int count, char** arguments) try {
  std::uint32_t seed = std::random_device{}();
  if (count == 3 && std::string_view{arguments[1]} == "--seed") {
    seed = static_cast<std::uint32_t>(std::stoul(arguments[2]));
  } else if (count != 1) {
    fmt::print(stderr, "usage: {} [--seed NUMBER]\n", arguments[0]);
    return 2;
  }
  return kv::test::run(seed);
} catch (const std::exception& error) {
  fmt::print(stderr, "the store cannot be tried: {}\n", error.what());
  return 2;
}
