#include "command/service.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.hpp"

namespace kv {
namespace {

// --- limits ---

std::optional<Error> check_name(const std::string& name, const char* what) {
  if (name.size() <= name_bytes_max) return std::nullopt;
  return Error{Status::too_large, std::string{what} + " of " + std::to_string(name.size()) +
                                      " bytes; the limit is " + std::to_string(name_bytes_max)};
}

std::optional<Error> check_entry(const Entry& entry) {
  if (auto error = check_name(entry.key, "key")) return error;
  const std::size_t bytes = entry.value->size();
  if (bytes <= value_bytes_max) return std::nullopt;
  return Error{Status::too_large, "value of " + std::to_string(bytes) + " bytes; the limit is " +
                                      std::to_string(value_bytes_max)};
}

/// Looks at those of table, key, keys and entries that the command has.
template <class Command>
std::optional<Error> check_limits(const Command& command) {
  std::optional<Error> error;
  if constexpr (requires { command.table; }) error = check_name(command.table, "table name");
  if constexpr (requires { command.key; }) {
    if (!error) error = check_name(command.key, "key");
  }
  if constexpr (requires { command.keys; }) {
    for (auto key = command.keys.begin(); !error && key != command.keys.end(); ++key)
      error = check_name(*key, "key");
  }
  if constexpr (requires { command.entries; }) {
    for (auto entry = command.entries.begin(); !error && entry != command.entries.end(); ++entry) {
      error = check_entry(*entry);
    }
  }
  return error;
}

// --- answers ---

Response answer(Error error) {
  return {.status = error.status, .message = std::move(error.message)};
}
Response answer(Values values) { return {.values = std::move(values)}; }
Response answer(std::optional<Value>&& value) { return {.values = {std::move(value)}}; }
Response answer(std::size_t count) { return {.count = count}; }
Response answer(std::vector<Entry> pairs) { return {.pairs = std::move(pairs)}; }

template <class T>
Response answer(Result<T> result) {
  return result ? answer(std::move(*result)) : answer(std::move(result).error());
}

std::size_t count_present(const Values& values) {
  return static_cast<std::size_t>(
      std::ranges::count_if(values, [](const auto& value) { return value.has_value(); }));
}

struct Execute {
  Storage& storage;

  Response operator()(const Ping& ping) const { return {.message = ping.message.value_or("PONG")}; }
  Response operator()(const Hget& get) const {
    auto value = storage.get(get.table, get.key);
    if (value && !*value) {
      return answer(
          Error{Status::not_found, "Not found: table '" + get.table + "', key '" + get.key + "'"});
    }
    return answer(std::move(value));
  }
  Response operator()(const Hgetall& get) const { return answer(storage.get_all(get.table)); }
  Response operator()(const Hmget& get) const {
    return answer(storage.get_many(get.table, get.keys));
  }
  Response operator()(const Hset& set) const {
    const auto previous = storage.set_many(set.table, set.entries);
    return previous ? answer(previous->size() - count_present(*previous))
                    : answer(previous.error());
  }
  Response operator()(const Hdel& del) const {
    const auto removed = storage.del_many(del.table, del.keys);
    return removed ? answer(count_present(*removed)) : answer(removed.error());
  }
  Response operator()(const Hexist& exist) const {
    return answer(storage.contains(exist.table, exist.key));
  }
  Response operator()(const Hlen& len) const { return answer(storage.length(len.table)); }
};

}  // namespace

Response Service::execute(const Request& request) {
  return std::visit(
      [this](const auto& command) {
        if (auto error = check_limits(command)) return answer(std::move(*error));
        return Execute{storage_}(command);
      },
      request);
}

}  // namespace kv
