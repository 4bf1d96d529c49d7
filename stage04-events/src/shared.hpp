#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hooks.hpp"
#include "options.hpp"
#include "service.hpp"
#include "watch.hpp"

namespace kv {

/// What all connections take together, so that it can be bounded.
struct Load {
  std::atomic<std::uint32_t> connections = 0;
  std::atomic<std::size_t> input_bytes = 0;  ///< held for frames that are not there to their end
  std::atomic<std::uint64_t> commands = 0;   ///< since the start
};

/// What all connections work with; it outlives them.
struct Shared {
  const Options& options;
  Service& service;
  std::shared_ptr<const Hooks> hooks;
  WatchHub& watch_hub;
  Load& load;
};

}  // namespace kv
