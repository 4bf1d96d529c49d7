#include "command/service.hpp"

#include <new>
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
  const std::size_t bytes = value_bytes(*entry.value).size();
  if (bytes <= value_bytes_max) return std::nullopt;
  return Error{Status::too_large, "value of " + std::to_string(bytes) + " bytes; the limit is " +
                                      std::to_string(value_bytes_max)};
}

std::optional<Error> check_count(std::size_t items, std::size_t items_max) {
  if (items <= items_max) return std::nullopt;
  return Error{Status::too_large, "more than " + std::to_string(items_max) +
                                      " keys in one command; send them in several"};
}

/// Looks at those of table, key, keys, entry and entries that the command has.
template <class Command>
std::optional<Error> check_limits(const Command& command, std::size_t items_max) {
  std::optional<Error> error;
  if constexpr (requires { command.table; }) error = check_name(command.table, "table name");
  if constexpr (requires { command.key; }) {
    if (!error) error = check_name(command.key, "key");
  }
  if constexpr (requires { command.keys; }) {
    if (!error) error = check_count(command.keys.size(), items_max);
    for (auto key = command.keys.begin(); !error && key != command.keys.end(); ++key)
      error = check_name(*key, "key");
  }
  if constexpr (requires { command.entry; }) {
    if (!error) error = check_entry(command.entry);
  }
  if constexpr (requires { command.entries; }) {
    if (!error) error = check_count(command.entries.size(), items_max);
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
Response answer(bool flag) { return answer(std::optional<Value>{flag}); }
Response answer(std::size_t count) {
  return answer(std::optional<Value>{static_cast<std::int64_t>(count)});
}
Response answer(std::vector<Entry> pairs) { return {.pairs = std::move(pairs)}; }

template <class T>
Response answer(Result<T> result) {
  return result ? answer(std::move(*result)) : answer(std::move(result).error());
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
  Response operator()(const Hset& set) const { return answer(storage.set(set.table, set.entry)); }
  Response operator()(const Hmset& set) const {
    return answer(storage.set_many(set.table, set.entries));
  }
  Response operator()(const Hdel& del) const { return answer(storage.del(del.table, del.key)); }
  Response operator()(const Hmdel& del) const {
    return answer(storage.del_many(del.table, del.keys));
  }
  Response operator()(const Hexist& exist) const {
    return answer(storage.contains(exist.table, exist.key));
  }
  Response operator()(const Hmexist& exist) const {
    return answer(storage.contains_many(exist.table, exist.keys));
  }
  Response operator()(const Auth&) const { return {}; }   // without a token, all are welcome
  Response operator()(const Watch&) const { return {}; }  // the session does what is to be done
  Response operator()(const Info&) const { return {}; }   // answered by a hook (info.hpp)
  Response operator()(const Hlen& len) const { return answer(storage.length(len.table)); }
};

}  // namespace

Response Service::execute(const Request& request) try {
  return std::visit(
      [this](const auto& command) {
        if (auto error = check_limits(command, items_max_)) return answer(std::move(*error));
        return Execute{storage_}(command);
      },
      request);
} catch (const std::bad_alloc&) {
  if (is_write(request)) throw;  // it may have been made already, and no answer would be true
  return answer(Error{Status::storage_failed, "out of memory"});
}

}  // namespace kv
