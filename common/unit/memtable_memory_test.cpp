// Memory that runs out in the middle of a command: it is an error, and the table is as if the
// command had not come.

#include "table/memtable.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <new>

namespace {

std::size_t allocations_until_none = 0;  // the one that brings it to 0 fails; 0: none does

}  // namespace

void* operator new(std::size_t bytes) {
  if (allocations_until_none > 0 && --allocations_until_none == 0) throw std::bad_alloc{};
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc{};
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kv::test {
namespace {

using Contents = std::map<std::string, Value>;

class MemTableMemory : public testing::Test {
 protected:
  MemTableMemory() {
    for (int i = 0; i < 40; ++i) (void)memtable_.set("t", {key(i), key(i)});
  }

  static std::string key(int number) { return "key " + std::to_string(number); }

  Contents contents(const char* table) const {
    Contents found;
    const auto rows = *memtable_.get_iter(table);
    while (auto row = rows->next()) found[row->key] = *row->value;
    return found;
  }

  /// False in stage 3, where nobody can look into a shard.
  template <class Storage>
  static bool has_table(const Storage& storage, const char* table) {
    bool has = false;
    const auto look = [&](const Tables& tables) { has = has || tables.by_name.contains(table); };
    if constexpr (requires { storage.visit_shard(std::size_t{0}, look); }) {
      for (std::size_t shard = 0; shard < Storage::shard_count; ++shard)
        storage.visit_shard(shard, look);
    }
    return has;
  }

  /// Runs the command again and again, with its first allocation failing, its second and so on,
  /// until none does.
  template <class Command>
  void expect_all_or_nothing(const Command& command) {
    const auto before = contents("t");
    std::size_t failures = 0;
    for (std::size_t number = 1;; ++number) {
      allocations_until_none = number;
      bool done = false;
      try {
        done = command().has_value();
      } catch (const std::bad_alloc&) {  // before anything was changed
      }
      const bool failed = allocations_until_none == 0;
      allocations_until_none = 0;
      if (!failed) {
        EXPECT_TRUE(done);
        break;
      }
      EXPECT_FALSE(done) << "allocation " << number;
      EXPECT_EQ(contents("t"), before) << "allocation " << number;
      EXPECT_EQ(*memtable_.length("t"), before.size()) << "allocation " << number;
      EXPECT_FALSE(has_table(memtable_, "new")) << "allocation " << number;
      ++failures;
    }
    EXPECT_GT(failures, 0u);
  }

  const std::string long_text_ = std::string(100, 'x');
  static constexpr AnswerLimit any_answer{SIZE_MAX, [](const auto&) { return std::size_t{1}; },
                                          [](const auto&) { return std::size_t{1}; }};
  MemTable memtable_{any_answer};
};

TEST_F(MemTableMemory, OfSetIsAllOrNothing) {
  const Entry replaces{key(0), long_text_}, adds{"another", long_text_};
  expect_all_or_nothing([&] { return memtable_.set("t", replaces); });
  EXPECT_EQ(contents("t").at(key(0)), Value{long_text_});
  expect_all_or_nothing([&] { return memtable_.set("t", adds); });
  EXPECT_EQ(contents("t").at("another"), Value{long_text_});
  expect_all_or_nothing([&] { return memtable_.set("new", adds); });
  EXPECT_EQ(contents("new").size(), 1u);
}

TEST_F(MemTableMemory, OfSetManyIsAllOrNothing) {
  std::vector<Entry> entries;
  for (int i = 20; i < 80; ++i) entries.push_back({key(i), long_text_});
  for (int i = 20; i < 30; ++i) entries.push_back({key(i), key(i)});  // once more
  expect_all_or_nothing([&] { return memtable_.set_many("t", entries); });
  EXPECT_EQ(contents("t").size(), 80u);
  EXPECT_EQ(contents("t").at(key(20)), Value{key(20)});
  EXPECT_EQ(contents("t").at(key(79)), Value{long_text_});
}

TEST_F(MemTableMemory, OfDelIsAllOrNothing) {
  (void)memtable_.set("t", {"long", long_text_});
  expect_all_or_nothing([&] { return memtable_.del("t", "long"); });
  EXPECT_FALSE(contents("t").contains("long"));
}

TEST_F(MemTableMemory, OfDelManyIsAllOrNothing) {
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) keys.push_back(key(i));
  (void)memtable_.set("t", {key(30), long_text_});
  expect_all_or_nothing([&] { return memtable_.del_many("t", keys); });
  EXPECT_EQ(contents("t"), Contents{});
}

}  // namespace
}  // namespace kv::test
