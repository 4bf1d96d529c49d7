#pragma once

#include <memory>

#include "base/options.hpp"
#include "command/load.hpp"
#include "command/service.hpp"
#include "wire/foreign.hpp"

namespace kv {

/// What all connections work with; it outlives them.
struct Shared {
  const Options& options;
  Service& service;
  Load& load;
  const std::unique_ptr<ForeignLog> foreign_log = std::make_unique<ForeignLog>();
};

}  // namespace kv
