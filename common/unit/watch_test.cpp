#include "net/watch.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "fixtures/wire.hpp"

namespace kv {
namespace {

namespace wire = test::wire;
using testing::ElementsAre;

constexpr std::size_t bytes_max = 1024 * 1024;  // may wait for one connection

// --- what waits for one connection ---

class WatcherTest : public testing::Test {
 protected:
  int woken = 0;
  Watcher watcher{[this] { ++woken; }};

  void add(std::string event) {
    watcher.add(std::make_shared<const std::string>(std::move(event)));
  }
  /// All that waits, taken.
  std::vector<std::string> taken() {
    std::vector<std::string> events;
    while (const auto event = watcher.next()) events.push_back(*event);
    return events;
  }
};

TEST_F(WatcherTest, GivesEventsInTheirOrderAndOnce) {
  EXPECT_TRUE(watcher.empty());
  EXPECT_EQ(watcher.next(), nullptr);
  for (const char* event : {"a", "b", "c"}) add(event);
  EXPECT_FALSE(watcher.empty());
  EXPECT_THAT(taken(), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(watcher.empty());
  add("d");
  EXPECT_THAT(taken(), ElementsAre("d"));
}

TEST_F(WatcherTest, WakesWhenTheFirstEventComesToWait) {
  add("a");
  EXPECT_EQ(woken, 1);
  add("b");
  EXPECT_EQ(woken, 1) << "who was woken takes them all";
  (void)watcher.next();
  add("c");
  EXPECT_EQ(woken, 1);
  (void)taken();
  add("d");
  EXPECT_EQ(woken, 2);
}

TEST_F(WatcherTest, HoldsAsMuchAsItsLimit) {
  add(std::string(bytes_max - 1, 'a'));
  add("b");
  EXPECT_FALSE(watcher.overflown());
  EXPECT_EQ(taken().size(), 2u);
}

TEST_F(WatcherTest, DropsEverythingWhenOneByteMoreWaits) {
  add(std::string(bytes_max - 1, 'a'));
  add("bc");
  EXPECT_TRUE(watcher.overflown());
  EXPECT_EQ(watcher.next(), nullptr);
  EXPECT_FALSE(watcher.empty()) << "there is something to tell";
  EXPECT_EQ(woken, 2);
}

TEST_F(WatcherTest, StaysOverflown) {
  add(std::string(bytes_max, 'a'));
  add("b");
  add("c");
  EXPECT_TRUE(watcher.overflown());
  EXPECT_EQ(watcher.next(), nullptr);
  EXPECT_EQ(woken, 2) << "for the first event and for the overflow";
}

TEST_F(WatcherTest, WhatIsTakenMakesRoom) {
  for (int i = 0; i < 10; ++i) {
    add(std::string(bytes_max / 2, 'a'));
    add(std::string(bytes_max / 2, 'b'));
    EXPECT_EQ(taken().size(), 2u);
  }
  EXPECT_FALSE(watcher.overflown());
}

TEST_F(WatcherTest, TakesOneEventHoweverLarge) {
  for (int i = 0; i < 2; ++i) {
    add(std::string(bytes_max + 1, 'a'));
    EXPECT_FALSE(watcher.overflown());
    EXPECT_EQ(taken().size(), 1u);
  }
  add(std::string(bytes_max + 1, 'a'));
  add("");
  EXPECT_TRUE(watcher.overflown()) << "no second one";
}

TEST_F(WatcherTest, OverflowsWhereAnEventCannotBeSent) {
  add("a");
  watcher.add(nullptr);
  EXPECT_TRUE(watcher.overflown());
  EXPECT_EQ(watcher.next(), nullptr);
  EXPECT_EQ(woken, 2);
}

// --- who watches what ---

class WatchHubTest : public testing::Test {
 protected:
  WatchHub hub{1 << 20};
  std::shared_ptr<Watcher> first = std::make_shared<Watcher>([] {});
  std::shared_ptr<Watcher> second = std::make_shared<Watcher>([] {});

  void change(std::string_view table, const std::vector<Entry>& changes) {
    EXPECT_TRUE(hub.on_change(table, changes)) << "who only watches refuses nothing";
  }
  static std::string event(const std::vector<wire::Pair>& pairs) {
    return wire::frame(wire::encode(wire::ok_pairs(pairs)));
  }
  static std::vector<std::string> taken(Watcher& watcher) {
    std::vector<std::string> events;
    while (const auto next = watcher.next()) events.push_back(*next);
    return events;
  }
};

TEST_F(WatchHubTest, AnEventIsAFrameWithTheChangesInTheirOrder) {
  hub.watch("t", first);
  change("t", {{"b", "1"}, {"a", std::int64_t{2}}, {"b", "3"}});
  EXPECT_THAT(taken(*first), ElementsAre(event({{"b", "1"}, {"a", 2}, {"b", "3"}})));
}

TEST_F(WatchHubTest, ARemovedKeyHasAnEmptyValue) {
  hub.watch("t", first);
  change("t", {{"k", std::nullopt}});
  const auto events = taken(*first);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(wire::decode_response(events[0].substr(4)), wire::ok_pairs({{"k", {}}}));
}

TEST_F(WatchHubTest, AnEventThatFitsIntoNoFrameOverflowsItsWatchers) {
  const std::vector<Entry> changes{{"a", "1"}, {"b", std::nullopt}};
  hub.watch("t", first);
  change("t", changes);
  const std::size_t bytes = taken(*first).at(0).size() - 4;  // the length in front is no part of it

  WatchHub exact{bytes};
  exact.watch("t", first);
  EXPECT_TRUE(exact.on_change("t", changes));
  EXPECT_FALSE(first->overflown());

  WatchHub small{bytes - 1};
  small.watch("t", second);
  EXPECT_TRUE(small.on_change("t", changes)) << "the change is made all the same";
  EXPECT_TRUE(second->overflown());
}

TEST_F(WatchHubTest, EventsComeInTheOrderOfTheChanges) {
  hub.watch("t", first);
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    change("t", {{"k", std::int64_t{i}}});
    expected.push_back(event({{"k", i}}));
  }
  EXPECT_EQ(taken(*first), expected);
}

TEST_F(WatchHubTest, OnlyTheTableThatIsWatchedIsTold) {
  hub.watch("t", first);
  for (const char* table : {"u", "", "tt", "T"}) change(table, {{"k", "v"}});
  EXPECT_TRUE(first->empty());
}

TEST_F(WatchHubTest, WhatChangedBeforeIsNotTold) {
  change("t", {{"k", "v"}});
  hub.watch("t", first);
  EXPECT_TRUE(first->empty());
}

TEST_F(WatchHubTest, AllWhoWatchATableShareOneEvent) {
  hub.watch("t", first);
  hub.watch("t", second);
  change("t", {{"k", "v"}});
  const auto event = first->next();
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event, second->next());
}

TEST_F(WatchHubTest, AWatcherThatOverflowsTakesNothingFromTheOthers) {
  hub.watch("t", first);
  hub.watch("t", second);
  const std::string half(bytes_max / 2, 'x');
  for (int i = 0; i < 3; ++i) {
    change("t", {{"k", half}});
    EXPECT_EQ(taken(*second).size(), 1u);
  }
  EXPECT_TRUE(first->overflown());
  EXPECT_FALSE(second->overflown());
}

TEST_F(WatchHubTest, WhoUnwatchesIsToldNoMore) {
  hub.watch("t", first);
  hub.watch("t", second);
  hub.unwatch("t", first);
  change("t", {{"k", "v"}});
  EXPECT_TRUE(first->empty());
  EXPECT_FALSE(second->empty());
  EXPECT_EQ(first.use_count(), 1) << "and is not kept";
}

TEST_F(WatchHubTest, UnwatchingTwiceOrWithoutWatchingHarmsNobody) {
  hub.watch("t", first);
  hub.watch("t", second);
  hub.unwatch("u", first);
  hub.unwatch("t", first);
  hub.unwatch("t", first);
  change("t", {{"k", "v"}});
  EXPECT_FALSE(second->empty());
}

TEST_F(WatchHubTest, MayBeWatchedAgain) {
  hub.watch("t", first);
  hub.unwatch("t", first);
  hub.watch("u", first);
  change("t", {{"k", "v"}});
  EXPECT_TRUE(first->empty());
  change("u", {{"k", "v"}});
  EXPECT_FALSE(first->empty());
}

TEST_F(WatchHubTest, NothingComesOnceUnwatchHasReturned) {
  // Who is told first is slow to be woken, so that the other can leave in the middle of a change.
  struct Both {
    Both()  // Clang 14 gives a lambda no `this` in the initialiser of a local class's member
        : slow{[this] {
            ++woken;
            for (int i = 0; i < 20; ++i) std::this_thread::yield();
          }} {}
    std::atomic<int> woken = 0;
    Watcher slow;
    Watcher leaving{[] {}};
  };
  const auto both = std::make_shared<Both>();
  const std::shared_ptr<Watcher> slow{both, &both->slow};
  const std::shared_ptr<Watcher> leaving{both, &both->leaving};
  hub.watch("t", slow);

  std::atomic<bool> done = false;
  std::atomic<int> wanted = 0, changes = 0;
  std::thread writer{[&] {
    while (!done) {
      if (changes == wanted) {
        std::this_thread::yield();
        continue;
      }
      change("t", {{"k", "v"}});
      (void)taken(*slow);  // so that each change wakes it
      ++changes;
    }
  }};
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    hub.watch("t", leaving);
    const int before = both->woken;
    ++wanted;
    while (both->woken == before) std::this_thread::yield();
    hub.unwatch("t", leaving);
    (void)taken(*leaving);
    wanted += 2;
    while (changes < wanted) std::this_thread::yield();
    EXPECT_EQ(leaving->next(), nullptr) << "in round " << round;
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace kv
