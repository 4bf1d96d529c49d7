#pragma once

#include <memory>

#include "base/options.hpp"
#include "command/hooks.hpp"
#include "command/load.hpp"
#include "command/service.hpp"
#include "disk/wal.hpp"
#include "net/watch.hpp"
#include "wire/foreign.hpp"

namespace kv {

/// What all connections work with; it outlives them.
struct Shared {
  const Options& options;
  Service& service;
  std::shared_ptr<const Hooks> hooks;
  WatchHub& watch_hub;
  Load& load;
  Wal* wal = nullptr;  ///< nullptr: nothing is kept
  const std::unique_ptr<ForeignLog> foreign_log = std::make_unique<ForeignLog>();
};

}  // namespace kv
