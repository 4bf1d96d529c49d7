#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <map>
#include <new>

#include "table/memtable.hpp"

// An iterator that copies no table, and shows it all the same as it was.

namespace {
std::atomic<long> pieces = 0;  // of memory that are held now
}

void* operator new(std::size_t bytes) {
  void* const piece = std::malloc(bytes);
  if (piece == nullptr) throw std::bad_alloc{};
  ++pieces;
  return piece;
}
void operator delete(void* piece) noexcept {
  if (piece != nullptr) --pieces;
  std::free(piece);
}
void operator delete(void* piece, std::size_t) noexcept { operator delete(piece); }

namespace kv {
namespace {

constexpr int rows = 10'000;  // of 64 shards each has about 156

std::string key(int i) {
  return "a key that is too long to stand in a string itself " + std::to_string(i);
}

using Table = std::map<std::string, std::optional<Value>>;

Table rest_of(Iterator& iterator) {
  Table entries;
  while (auto entry = iterator.next())
    EXPECT_TRUE(entries.emplace(entry->key, entry->value).second) << entry->key << " came twice";
  return entries;
}

struct LazyIterator : testing::Test {
  MemTable storage{AnswerLimit{SIZE_MAX, [](const std::optional<Value>&) { return std::size_t{0}; },
                               [](const Entry&) { return std::size_t{0}; }}};

  LazyIterator() {
    for (int i = 0; i < rows; ++i) set(i, "old");
  }
  void set(int i, const std::string& value) { (void)storage.set("t", {key(i), value}); }

  /// By how much more memory is held after an action, in pieces.
  template <class Action>
  static long growth(Action action) {
    const long before = pieces;
    action();
    return pieces - before;
  }
};

TEST_F(LazyIterator, HoldsNoCopyOfTheTable) {
  std::unique_ptr<Iterator> iterator;
  EXPECT_LT(growth([&] { iterator = *storage.get_iter("t"); }), rows / 10);
  EXPECT_EQ(rest_of(*iterator).size(), std::size_t{rows});
  EXPECT_EQ(iterator->next(), std::nullopt) << "the end stays the end";
}

TEST_F(LazyIterator, ShowsTheTableAsItWas) {
  const auto iterator = *storage.get_iter("t");
  EXPECT_TRUE(iterator->next());
  for (int i = 0; i < rows; ++i) {
    set(i, "new");
    if (i % 2 == 0) (void)storage.del("t", key(i));
    set(rows + i, "new");
  }
  const Table seen = rest_of(*iterator);
  EXPECT_EQ(seen.size(), std::size_t{rows} - 1) << "all that was there, but for the one taken";
  for (const auto& [name, value] : seen) ASSERT_EQ(value, "old") << name;
  EXPECT_EQ(*storage.length("t"), std::size_t{rows} * 3 / 2);
}

TEST_F(LazyIterator, EachShowsATimeOfItsOwn) {
  const auto first = *storage.get_iter("t");
  set(0, "new");
  const auto second = *storage.get_iter("t");
  set(0, "newest");
  EXPECT_EQ(rest_of(*first).at(key(0)), "old");
  EXPECT_EQ(rest_of(*second).at(key(0)), "new");
  EXPECT_EQ(*storage.get("t", key(0)), "newest");
}

TEST_F(LazyIterator, CostsAWriterOneShardAndOnlyOnce) {
  const auto iterator = *storage.get_iter("t");
  EXPECT_LT(growth([&] { set(0, "new"); }), rows) << "more than its shard was copied";
  EXPECT_LT(growth([&] { set(0, "newer"); }), 10) << "it was copied again";
}

TEST_F(LazyIterator, CostsNothingWhenItIsGone) {
  const long grown = growth([&] {
    const auto iterator = *storage.get_iter("t");
    for (int i = 0; i < rows; ++i) set(i, "new");
  });
  EXPECT_LT(grown, rows / 10);
}

// The limit is looked at before the iterator is given, as next() cannot fail, and without a lock.
MemTable* limited = nullptr;
std::future<void> writer;
bool writer_waited = false;

std::size_t ten_bytes(const Entry&) {
  if (!writer.valid()) {
    writer = std::async(std::launch::async, [] { (void)limited->set("t", {"other", "v"}); });
    writer_waited = writer.wait_for(std::chrono::seconds{2}) == std::future_status::timeout;
  }
  return 10;
}

TEST(LazyIteratorLimit, IsLookedAtWhileOthersWrite) {
  MemTable storage{
      AnswerLimit{20, [](const std::optional<Value>&) { return std::size_t{0}; }, ten_bytes}};
  limited = &storage;
  (void)storage.set_many("t", {{"a", "1"}, {"b", "2"}});
  const auto iterator = storage.get_iter("t");
  ASSERT_TRUE(writer.valid());
  writer.get();
  EXPECT_FALSE(writer_waited) << "a writer had to wait until all was counted";
  ASSERT_TRUE(iterator) << "20 bytes are not more than 20";
  EXPECT_EQ(rest_of(**iterator), (Table{{"a", "1"}, {"b", "2"}}));
  const auto refused = storage.get_iter("t");
  ASSERT_FALSE(refused) << "three rows are 30 bytes";
  EXPECT_EQ(refused.error().status, Status::too_large);
}

}  // namespace
}  // namespace kv
