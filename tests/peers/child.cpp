#include "child.hpp"

#include <random>

namespace kv::peers {
namespace {

int try_to_start(const Peer& peer, const fs::path& folder) {
  try {
    (void)peer.start(folder);
    return started;
  } catch (const Refused&) {
    return refused;
  }
}

}  // namespace

std::vector<Change> hard_changes(std::uint32_t seed) {
  std::mt19937 random{seed};
  std::vector<Change> changes;
  for (int i = 0; i < 26; ++i) {
    const std::string key = "key" + std::to_string(random() % 12);
    changes.push_back({key, "value " + std::to_string(i) + std::string(random() % 30, '.')});
  }
  // What was never written has zeros too, and 512 bytes are what a disk writes at once.
  changes[6].value = std::string(600, '\0');
  changes[12].value = std::string(560, 'x');
  changes[18].value = std::string(40, '\0');
  changes[2].key = "removed";
  changes[21] = {"removed", std::nullopt};
  changes[25] = {"last", std::string(530, '\0')};
  return changes;
}

int carry_out(const std::string& task, const Peer& peer, const fs::path& folder,
              std::uint32_t seed) {
  if (task == start_task) return try_to_start(peer, folder);
  const auto changes = hard_changes(seed);
  const auto running = peer.start(folder);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (task == write_compacted_task && i == changes.size() / 2) running->compact();
    running->apply(changes[i]);
  }
  running->die();
  return 0;
}

}  // namespace kv::peers
