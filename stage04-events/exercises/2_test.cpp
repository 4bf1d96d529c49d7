// An observer that freezes tables: as long as one is frozen, nobody can see it change.

#include "table/frozen_tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "table/memtable.hpp"

namespace kv {
namespace {

AnswerLimit no_limit() {
  return {SIZE_MAX, [](const std::optional<Value>&) { return std::size_t{0}; },
          [](const Entry&) { return std::size_t{0}; }};
}

class Counter : public ChangeObserver {
 public:
  Result<void> on_change(std::string_view, std::span<const Entry>) noexcept override {
    ++count;
    return {};
  }
  std::atomic<int> count = 0;
};

class Freezing : public testing::Test {
 protected:
  Freezing() { memtable.observe({&frozen, &counter}); }

  FrozenTables frozen;
  Counter counter;
  MemTable memtable{no_limit()};
};

TEST_F(Freezing, AFrozenTableRefusesWhatWouldChangeIt) {
  EXPECT_TRUE(memtable.set("t", {"k", "before"}));
  frozen.freeze("t");
  for (const auto& refused : {memtable.set("t", {"k", "after"}), memtable.set("t", {"new", "v"}),
                              memtable.del("t", "k")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, Status::forbidden);
    EXPECT_EQ(refused.error().message, "table 't' is frozen");
  }
  EXPECT_EQ(memtable.get("t", "k").value(), Value{"before"});
  EXPECT_EQ(memtable.length("t").value(), 1u);
}

TEST_F(Freezing, WhatChangesNothingIsNotRefused) {
  frozen.freeze("t");
  EXPECT_TRUE(memtable.del("t", "absent"));
  EXPECT_TRUE(memtable.get("t", "absent"));
}

TEST_F(Freezing, OtherTablesGoOn) {
  frozen.freeze("t");
  EXPECT_TRUE(memtable.set("u", {"k", "v"}));
  EXPECT_TRUE(memtable.set("tt", {"k", "v"}));
}

TEST_F(Freezing, AThawedTableGoesOnToo) {
  frozen.freeze("t");
  frozen.freeze("u");
  frozen.thaw("t");
  frozen.thaw("never frozen");
  EXPECT_TRUE(memtable.set("t", {"k", "v"}));
  EXPECT_FALSE(memtable.set("u", {"k", "v"}));
}

TEST_F(Freezing, WhoComesBehindItIsNotToldOfWhatItRefuses) {
  frozen.freeze("t");
  (void)memtable.set("t", {"k", "v"});
  EXPECT_EQ(counter.count, 0);
  frozen.thaw("t");
  EXPECT_TRUE(memtable.set("t", {"k", "v"}));
  EXPECT_EQ(counter.count, 1);
}

std::vector<std::string> texts(const MemTable& memtable) {
  std::vector<std::string> found;
  for (const auto& [key, value] : memtable.get_all("t").value())
    found.push_back(key + "=" + std::to_string(std::get<std::int64_t>(*value)));
  std::ranges::sort(found);
  return found;
}

TEST_F(Freezing, OnceItIsFrozenTwoReadsSeeTheSame) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, key = std::to_string(writer)] {
      for (std::int64_t i = 0; !done; ++i) (void)memtable.set("t", {key, i});
    });
  }
  for (int round = 0; round < 300; ++round) {
    frozen.freeze("t");
    const auto first = texts(memtable);
    for (int i = 0; i < 5; ++i) std::this_thread::yield();
    EXPECT_EQ(texts(memtable), first) << "in round " << round;
    frozen.thaw("t");
    std::this_thread::yield();
  }
  done = true;
}

}  // namespace
}  // namespace kv
