#pragma once

#include "command/command.hpp"
#include "table/storage.hpp"

namespace kv {

/// Executes commands on a storage, which must outlive it. Knows no socket and no bytes; any thread
/// may call. A command over a limit (limits.hpp) is answered too_large before the storage sees it.
class Service {
 public:
  explicit Service(Storage& storage) : storage_{storage} {}

  Response execute(const Request& request);

 private:
  Storage& storage_;
};

}  // namespace kv
