// A watch that begins with what is there: a copy of the table, and from there on every change,
// once.

#include "net/watch_from_here.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/wire.hpp"

namespace kv {
namespace {

namespace wire = test::wire;

AnswerLimit no_limit() {
  return {SIZE_MAX, [](const std::optional<Value>&) { return std::size_t{0}; },
          [](const Entry&) { return std::size_t{0}; }};
}

using Numbers = std::map<std::string, std::int64_t>;

Numbers numbers_of(const std::vector<Entry>& entries) {
  Numbers numbers;
  for (const auto& [key, value] : entries) numbers[key] = std::get<std::int64_t>(*value);
  return numbers;
}

class WatchFromHere : public testing::Test {
 protected:
  WatchFromHere() { memtable.observe({&hub}); }

  std::shared_ptr<Watcher> watcher = std::make_shared<Watcher>([] {});
  WatchHub hub{1 << 20};
  MemTable memtable{no_limit()};

  static std::vector<wire::Pair> changes(Watcher& watcher) {
    std::vector<wire::Pair> all;
    while (const auto event = watcher.next()) {
      const auto response = wire::decode_response(event->substr(4));  // behind the length
      all.insert(all.end(), response.pairs.begin(), response.pairs.end());
    }
    return all;
  }
};

TEST_F(WatchFromHere, GivesWhatIsThereAndThenWhatChanges) {
  ASSERT_TRUE(memtable.set_many("t", {{"a", std::int64_t{1}}, {"b", std::int64_t{2}}}));
  ASSERT_TRUE(memtable.set("u", {"c", std::int64_t{3}}));
  EXPECT_EQ(numbers_of(watch_from_here(hub, memtable, "t", watcher)),
            (Numbers{{"a", 1}, {"b", 2}}));
  EXPECT_TRUE(watcher->empty()) << "what was there comes once";
  ASSERT_TRUE(memtable.set("t", {"a", std::int64_t{4}}));
  ASSERT_TRUE(memtable.del("t", "b"));
  EXPECT_EQ(changes(*watcher), (std::vector<wire::Pair>{{"a", 4}, {"b", std::nullopt}}));
}

TEST_F(WatchFromHere, ATableThatIsNotThereHasNothingYet) {
  EXPECT_TRUE(watch_from_here(hub, memtable, "t", watcher).empty());
  ASSERT_TRUE(memtable.set("t", {"a", std::int64_t{1}}));
  EXPECT_EQ(changes(*watcher).size(), 1u);
}

TEST_F(WatchFromHere, FindsEveryRow) {
  Numbers expected;
  for (std::int64_t i = 0; i < 1'000; ++i) {
    expected[std::to_string(i)] = i;
    ASSERT_TRUE(memtable.set("t", {std::to_string(i), i}));
  }
  EXPECT_EQ(numbers_of(watch_from_here(hub, memtable, "t", watcher)), expected);
}

TEST_F(WatchFromHere, HoldsNoLockAfterwards) {
  (void)watch_from_here(hub, memtable, "t", watcher);
  for (int i = 0; i < 1'000; ++i)  // some in each shard
    ASSERT_TRUE(memtable.set("t", {std::to_string(i), std::int64_t{i}}));
  hub.unwatch("t", watcher);
  EXPECT_EQ(watcher.use_count(), 1);
}

/// Each write sets two keys to the next number. Whoever begins at any moment knows the numbers
/// there, and then hears of the next, and the next: none is missing, none comes twice, and no write
/// is torn.
TEST_F(WatchFromHere, LosesNothingAndTellsNothingTwiceUnderEightWriters) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 8; ++writer) {
    writers.emplace_back([&, left = std::to_string(writer), right = std::to_string(writer + 100)] {
      for (std::int64_t i = 1; !done; ++i) {
        (void)memtable.set_many("t", {{left, i}, {right, i}});
        if (i % 16 == 0) std::this_thread::yield();
      }
    });
  }
  std::size_t heard = 0;
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const auto mine = std::make_shared<Watcher>([] {});
    auto numbers = numbers_of(watch_from_here(hub, memtable, "t", mine));
    for (const auto& [key, number] : numbers) {
      const auto other = std::to_string((std::stoi(key) + 100) % 200);
      ASSERT_EQ(number, numbers[other]) << "half a write, in round " << round;
    }
    std::this_thread::yield();
    hub.unwatch("t", mine);
    for (const auto& [key, value] : changes(*mine)) {
      const auto number = std::get<std::int64_t>(value->held);
      ASSERT_EQ(number, numbers[key] + 1) << "of key " << key << ", in round " << round;
      numbers[key] = number;
      ++heard;
    }
  }
  done = true;
  EXPECT_GT(heard, 0u) << "or nothing was tried";
}

}  // namespace
}  // namespace kv
