#include <algorithm>
#include <chrono>

#include "disk/store.hpp"

namespace kv {
namespace {

Entry number(const char* name, std::uint64_t value) {
  return {name, Value{static_cast<std::int64_t>(value)}};
}

/// `created` is in a file, and so by a clock that can be set back since: then it is 0.
std::uint64_t seconds_since(std::int64_t created) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now).count() - created;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(age, 0));
}

}  // namespace

std::vector<Entry> Store::info() const {
  std::vector<Entry> pairs{number("last_lsn", wal().last_lsn()),
                           number("durable_lsn", wal().durable_lsn())};
  if (const auto bytes = bytes_of_log()) pairs.push_back(number("log_bytes", *bytes));
  pairs.push_back(number("snapshots_failed", snapshots_failed()));
  if (const auto created = snapshot_created(); created != 0)
    pairs.push_back(number("snapshot_age", seconds_since(created)));
  return pairs;
}

}  // namespace kv
