#include "open_store.hpp"

#include <gtest/gtest.h>

namespace kv::test {

OpenStore::OpenStore(const SimulatedFolder& folder, const Store::Settings& settings) {
  store_ = std::make_unique<Store>(std::make_unique<SimulatedFolder>(folder), memtable_, settings,
                                   [this](const Error&) { ++failures_; });
  memtable_.observe({&wal()});
}

Result<void> OpenStore::set(const std::string& key, const Value& value) {
  const auto done = memtable_.set("t", Entry{key, value});
  wal().flush_soon();
  return done ? Result<void>{} : done.error();
}

void OpenStore::set_durably(const std::string& key, const Value& value) {
  ASSERT_TRUE(set(key, value));
  ASSERT_TRUE(wal().make_durable(wal().last_lsn()));
}

Contents recover(const SimulatedFolder& folder, const Store::Settings& settings) {
  return OpenStore{folder, settings}.contents();
}

Result<void> RandomCommands::next(Storage& storage) {
  const std::string table = below(4) == 0 ? "other" : "t";
  std::vector<Entry> entries;
  std::vector<std::string> keys;
  for (auto left = below(4); left > 0; --left) {
    entries.push_back({key(), value()});
    keys.push_back(key());
  }
  const auto without_values = [](const auto& done) {
    return done ? Result<void>{} : Result<void>{done.error()};
  };
  switch (below(6)) {
    case 0: return without_values(storage.del(table, key()));
    case 1: return without_values(storage.del_many(table, keys));
    case 2: return without_values(storage.set_many(table, entries));
    default: return without_values(storage.set(table, {key(), value()}));
  }
}

Value RandomCommands::value() {
  switch (below(6)) {
    case 0: return std::string(below(1500), '\0');
    case 1: return Binary{std::string(below(300), '\xff')};
    case 2: return static_cast<std::int64_t>(random_());
    case 3: {  // a record, but for its seed
      std::string record;
      append_record(record, {.lsn = below(100), .durable_lsn = below(100)},
                    std::string(below(600), 'r'), random_(), random_(), below(4096));
      return Binary{record};
    }
    default: return "value " + std::to_string(random_());
  }
}

}  // namespace kv::test
