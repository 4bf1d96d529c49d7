#include "table/change_observer.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "command/info.hpp"
#include "table/memtable.hpp"

namespace kv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto absent = std::nullopt;

/// On this wire a value takes its bytes, and absence none.
AnswerLimit limit(std::size_t bytes_max) {
  return {bytes_max,
          [](const std::optional<Value>& value) {
            return value ? value_bytes(*value).size() : std::size_t{0};
          },
          [](const Entry& entry) { return value_bytes(*entry.value).size(); }};
}

/// Remembers what it was told: a list of entries a command. Refuses when it is told to.
class Recorder : public ChangeObserver {
 public:
  Result<void> on_change(std::string_view table, std::span<const Entry> changes) noexcept override {
    tables.emplace_back(table);
    commands.emplace_back(changes.begin(), changes.end());
    if (refusal) return *refusal;
    return {};
  }

  std::vector<std::string> tables;
  std::vector<std::vector<Entry>> commands;
  std::optional<Error> refusal;
};

class ObserverTest : public testing::Test {
 protected:
  MemTable memtable{limit(100)};
  Recorder recorder;

  ObserverTest() { memtable.observe({&recorder}); }
};

TEST_F(ObserverTest, IsToldOfEachCommandOnce) {
  EXPECT_TRUE(memtable.set("t", {"a", "1"}));
  EXPECT_TRUE(memtable.set_many("u", {{"b", "2"}, {"c", "3"}}));
  EXPECT_TRUE(memtable.del("t", "a"));
  EXPECT_TRUE(memtable.del_many("u", {"c", "b"}));
  EXPECT_THAT(recorder.tables, ElementsAre("t", "u", "t", "u"));
  EXPECT_THAT(recorder.commands, ElementsAre(ElementsAre(Entry{"a", "1"}),
                                             ElementsAre(Entry{"b", "2"}, Entry{"c", "3"}),
                                             ElementsAre(Entry{"a", absent}),
                                             ElementsAre(Entry{"c", absent}, Entry{"b", absent})));
}

TEST_F(ObserverTest, SeesARepeatedKeyAsOftenAsItChanges) {
  EXPECT_TRUE(memtable.set_many("t", {{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_TRUE(memtable.del_many("t", {"a", "b", "a"}));
  EXPECT_THAT(recorder.commands,
              ElementsAre(ElementsAre(Entry{"a", "1"}, Entry{"b", "2"}, Entry{"a", "3"}),
                          ElementsAre(Entry{"a", absent}, Entry{"b", absent})));
}

TEST_F(ObserverTest, IsNotToldWhereNothingChanges) {
  EXPECT_TRUE(memtable.del("t", "a"));
  EXPECT_TRUE(memtable.del_many("t", {"a", "b"}));
  EXPECT_TRUE(memtable.set_many("t", {}));
  EXPECT_THAT(recorder.commands, IsEmpty());
  EXPECT_TRUE(memtable.set("t", {"b", "1"}));
  EXPECT_TRUE(memtable.del_many("t", {"a", "b", "c"}));
  EXPECT_THAT(recorder.commands.back(), ElementsAre(Entry{"b", absent}));
}

TEST_F(ObserverTest, IsToldOfTheSameValueSetAgain) {
  EXPECT_TRUE(memtable.set("t", {"a", "1"}));
  EXPECT_TRUE(memtable.set("t", {"a", "1"}));
  EXPECT_EQ(recorder.commands.size(), 2u);
}

TEST_F(ObserverTest, IsNotToldOfReads) {
  EXPECT_TRUE(memtable.set("t", {"a", "1"}));
  EXPECT_TRUE(memtable.get("t", "a"));
  EXPECT_TRUE(memtable.get_many("t", {"a", "b"}));
  EXPECT_TRUE(memtable.contains("t", "a"));
  EXPECT_TRUE(memtable.contains_many("t", {"a", "b"}));
  EXPECT_TRUE(memtable.get_all("t"));
  EXPECT_TRUE(memtable.length("t"));
  EXPECT_EQ(recorder.commands.size(), 1u);
}

TEST_F(ObserverTest, IsNotToldOfACommandWhoseAnswerIsTooLarge) {
  EXPECT_TRUE(memtable.set("t", {"a", std::string(101, 'x')}));
  EXPECT_FALSE(memtable.set("t", {"a", "1"}));
  EXPECT_FALSE(memtable.set_many("t", {{"b", "2"}, {"a", "1"}}));
  EXPECT_FALSE(memtable.del("t", "a"));
  EXPECT_FALSE(memtable.del_many("t", {"b", "a"}));
  EXPECT_EQ(recorder.commands.size(), 1u);
}

// --- refusals ---

class RefusalTest : public ObserverTest {
 protected:
  RefusalTest() {
    EXPECT_TRUE(memtable.set_many("t", {{"a", "1"}, {"b", "2"}}));
    recorder.refusal = Error{Status::storage_failed, "the disk is gone"};
    before_ = usage_of(memtable);
  }

  template <class T>
  void expect_refused(const Result<T>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status, Status::storage_failed);
    EXPECT_EQ(result.error().message, "the disk is gone");
    EXPECT_THAT(*memtable.get_all("t"), UnorderedElementsAre(Entry{"a", "1"}, Entry{"b", "2"}));
    EXPECT_EQ(*memtable.length("new"), 0u);
    const auto usage = usage_of(memtable);
    EXPECT_EQ(usage.keys, before_.keys);
    EXPECT_EQ(usage.tables, before_.tables);
    EXPECT_EQ(usage.bytes, before_.bytes);
  }

 private:
  Usage before_;
};

TEST_F(RefusalTest, LeavesAReplacedValueAsItWas) {
  expect_refused(memtable.set("t", {"a", "a longer one"}));
}

TEST_F(RefusalTest, LeavesANewKeyAbsent) { expect_refused(memtable.set("t", {"c", "3"})); }

TEST_F(RefusalTest, LeavesANewTableAbsent) {
  expect_refused(memtable.set("new", {"a", "1"}));
  expect_refused(memtable.set_many("new", {{"a", "1"}, {"b", "2"}, {"a", "3"}}));
}

TEST_F(RefusalTest, LeavesARemovedKeyThere) {
  expect_refused(memtable.del("t", "a"));
  expect_refused(memtable.del_many("t", {"b", "a", "x"}));
}

TEST_F(RefusalTest, TakesBackAllOfManyAndTheLastFirst) {
  expect_refused(
      memtable.set_many("t", {{"a", "x"}, {"c", "3"}, {"a", "y"}, {"b", "z"}, {"c", "4"}}));
  expect_refused(memtable.del_many("t", {"a", "a", "b"}));
}

TEST_F(RefusalTest, OfACommandThatChangesNothingIsNotAsked) {
  EXPECT_EQ(*memtable.del("t", "x"), absent);
}

TEST_F(RefusalTest, IsForgottenByTheNextCommand) {
  expect_refused(memtable.set("t", {"a", "refused"}));
  recorder.refusal.reset();
  EXPECT_EQ(*memtable.set("t", {"a", "taken"}), Value{"1"}) << "the value before is the one before";
  EXPECT_EQ(*memtable.get("t", "a"), Value{"taken"});
}

// --- two observers ---

class TwoObservers : public ObserverTest {
 protected:
  Recorder second;
  TwoObservers() { memtable.observe({&recorder, &second}); }
};

TEST_F(TwoObservers, AreToldInTheOrderOfTheirRegistration) {
  struct Second : ChangeObserver {
    const Recorder& first;
    std::vector<std::size_t> first_was_told;
    explicit Second(const Recorder& recorder) : first{recorder} {}
    Result<void> on_change(std::string_view, std::span<const Entry>) noexcept override {
      first_was_told.push_back(first.commands.size());
      return {};
    }
  } third{second};
  memtable.observe({&recorder, &second, &third});
  EXPECT_TRUE(memtable.set("t", {"a", "1"}));
  EXPECT_TRUE(memtable.set("t", {"a", "2"}));
  EXPECT_EQ(recorder.commands, second.commands);
  EXPECT_THAT(third.first_was_told, ElementsAre(1u, 2u));
}

TEST_F(TwoObservers, TheSecondIsNotAskedWhatTheFirstRefuses) {
  recorder.refusal = Error{Status::storage_failed, "the first one's reason"};
  const auto refused = memtable.set("t", {"a", "1"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the first one's reason");
  EXPECT_THAT(second.commands, IsEmpty());
}

TEST_F(TwoObservers, TheSecondMayRefuseAsWell) {
  second.refusal = Error{Status::storage_failed, "the second one's reason"};
  const auto refused = memtable.set("t", {"a", "1"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the second one's reason");
  EXPECT_EQ(*memtable.length("t"), 0u);
}

// --- many writers ---

constexpr int threads = 4;
constexpr int writes = 5'000;  // of each thread

template <class Work>
void in_threads(Work work) {
  std::vector<std::jthread> running;
  for (int number = 0; number < threads; ++number) running.emplace_back(work, number);
}

TEST(ObserverOfManyWriters, SeesEachKeyInTheOrderOfItsChanges) {
  const std::vector<std::string> keys{"a", "b", "c"};
  struct : ChangeObserver {
    std::mutex mutex;
    std::map<std::string, std::vector<std::int64_t>> seen;
    Result<void> on_change(std::string_view, std::span<const Entry> changes) noexcept override {
      const std::lock_guard lock{mutex};
      for (const auto& [key, value] : changes) seen[key].push_back(std::get<std::int64_t>(*value));
      return {};
    }
  } observer;
  MemTable memtable{limit(1 << 20)};
  memtable.observe({&observer});
  // What each value has replaced, by the answer that its writer got. All values differ.
  std::vector<std::map<std::int64_t, std::optional<Value>>> replaced(threads);
  in_threads([&](int thread) {
    for (std::int64_t i = 0; i < writes; ++i) {
      std::vector<Entry> entries;
      for (std::size_t k = 0; k < keys.size(); ++k) {
        const auto key = static_cast<std::size_t>(i) % 2 == 0 ? k : keys.size() - 1 - k;
        entries.push_back({keys[key], (thread * writes + i) * 10 + static_cast<int>(k)});
      }
      if (i % 3 == 0) entries.resize(1);
      const auto previous = memtable.set_many("t", entries);
      for (std::size_t k = 0; k < entries.size(); ++k) {
        replaced[static_cast<std::size_t>(thread)][std::get<std::int64_t>(*entries[k].value)] =
            previous->at(k);
      }
    }
  });
  std::map<std::int64_t, std::optional<Value>> all;
  for (const auto& of_thread : replaced) all.insert(of_thread.begin(), of_thread.end());
  for (const auto& key : keys) {
    std::optional<Value> last;
    for (const auto value : observer.seen[key]) {
      ASSERT_EQ(all.at(value), last) << "key " << key << ", value " << value;
      all.erase(value);
      last = value;
    }
    EXPECT_EQ(*memtable.get("t", key), last);
  }
  EXPECT_THAT(all, IsEmpty()) << "changes that nobody was told of";
}

TEST(ObserverOfManyWriters, AcceptsAChangeBeforeAnybodySeesIt) {
  struct : ChangeObserver {
    std::atomic<std::int64_t> accepted = 0;
    Result<void> on_change(std::string_view, std::span<const Entry> changes) noexcept override {
      std::this_thread::yield();  // long enough for a reader to see it now, if it could
      const auto value = std::get<std::int64_t>(*changes.back().value);
      if (value % 2 != 0) return Error{Status::storage_failed, "odd"};
      accepted = value;
      return {};
    }
  } observer;
  MemTable memtable{limit(1 << 20)};
  memtable.observe({&observer});
  EXPECT_TRUE(memtable.set_many("t", {{"a", std::int64_t{0}}, {"b", std::int64_t{0}}}));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  const auto read = [&] {
    const auto value = std::get<std::int64_t>(**memtable.get("t", reads++ % 2 == 0 ? "a" : "b"));
    EXPECT_LE(value, observer.accepted);
    EXPECT_EQ(value % 2, 0) << "a refused change was seen";
  };
  in_threads([&](int thread) {
    while (thread > 0 && !done && !testing::Test::HasFailure()) read();
    for (std::int64_t i = 1; thread == 0 && i < writes; ++i) {
      EXPECT_EQ(memtable.set_many("t", {{"a", i}, {"b", i}}).has_value(), i % 2 == 0);
    }
    done = true;
  });
}

}  // namespace
}  // namespace kv
