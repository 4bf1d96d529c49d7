#pragma once

#include <cstddef>
#include <cstdint>

#include "command/command.hpp"
#include "table/storage.hpp"

namespace kv {

/// Executes commands on a storage, which must outlive it. Knows no socket and no bytes; any thread
/// may call. A command over a limit (limits.hpp) is answered too_large before the storage sees it.
class Service {
 public:
  explicit Service(Storage& storage, std::size_t items_max = SIZE_MAX)
      : storage_{storage}, items_max_{items_max} {}

  Response execute(const Request& request);

 private:
  Storage& storage_;
  const std::size_t items_max_;  // keys or pairs in one command
};

}  // namespace kv
