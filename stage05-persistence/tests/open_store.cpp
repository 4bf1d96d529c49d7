#include "open_store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/fatal_error.hpp"
#include "disk/recovery.hpp"

namespace kv::test {

OpenStore::OpenStore(const SimulatedFolder& folder, std::uint64_t snapshot_every) {
  store_ = std::make_unique<Store>(std::make_unique<SimulatedFolder>(folder), memtable_,
                                   snapshot_every, [this](const Error&) { ++failures_; });
  memtable_.observe({&wal()});
}

void OpenStore::set_durably(const std::string& key, const Value& value) {
  ASSERT_TRUE(memtable_.set("t", Entry{key, value}));
  ASSERT_TRUE(wal().make_durable(wal().last_lsn()));
}

Contents recover(const SimulatedFolder& folder) { return OpenStore{folder}.contents(); }

Contents look(const SimulatedFolder& folder) {
  MemTable memtable{any_answer()};
  (void)read_folder(folder, [&memtable](auto, auto table, const auto& changes) {
    memtable.replay(table, changes);
  });
  return contents_of(memtable);
}

std::string refusal(const SimulatedFolder& folder) {
  try {
    OpenStore{folder};
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "the store was opened";
  return {};
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
    case 3: {  // a group, but for its seed
      auto group = empty_group();
      append_record(group, "t", std::vector{Entry{"posing", std::string(below(600), 'g')}});
      seal_group(group, {.first_lsn = below(100), .next_lsn = below(100)}, {.id = random_()},
                 below(4096));
      return Binary{group};
    }
    default: return "value " + std::to_string(random_());
  }
}

void write_until_a_snapshot(const SimulatedFolder& folder, OpenStore& store,
                            RandomCommands& random) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (folder.files().contains("log-1") && std::chrono::steady_clock::now() < end) {
    EXPECT_TRUE(random.next(store.memtable()));
    EXPECT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
    std::this_thread::yield();
  }
  EXPECT_FALSE(folder.files().contains("log-1"));
}

}  // namespace kv::test
