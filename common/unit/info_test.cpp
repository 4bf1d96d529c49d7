#include "command/info.hpp"

#include <gmock/gmock.h>

namespace kv {
namespace {

using testing::ElementsAre;

constexpr std::size_t row_bytes = 7;  // of a row in the log, beside its key and value

AnswerLimit limit(std::size_t bytes_max) {
  return {bytes_max,
          [](const std::optional<Value>& value) {
            return value ? value_bytes(*value).size() : std::size_t{0};
          },
          [](const Entry& entry) { return value_bytes(*entry.value).size(); }};
}

class UsageTest : public testing::Test {
 protected:
  MemTable memtable{limit(100)};

  void expect_usage(std::size_t keys, std::size_t tables, std::size_t bytes) {
    const auto usage = usage_of(memtable);
    EXPECT_EQ(usage.keys, keys);
    EXPECT_EQ(usage.tables, tables);
    EXPECT_EQ(usage.bytes, bytes);
  }
};

TEST_F(UsageTest, OfNothingIsNothing) { expect_usage(0, 0, 0); }

TEST_F(UsageTest, CountsKeysTablesAndBytes) {
  EXPECT_TRUE(memtable.set("t", {"key", "value"}));
  expect_usage(1, 1, row_bytes + 3 + 5);
  EXPECT_TRUE(memtable.set("u", {"key", std::int64_t{1}}));
  expect_usage(2, 2, 2 * row_bytes + 3 + 5 + 3 + 8);
}

TEST_F(UsageTest, CountsATableOnceInHoweverManyShardsItIs) {
  for (int i = 100; i < 1'100; ++i)
    EXPECT_TRUE(memtable.set("t", {std::to_string(i % 900 + 100), true}));
  expect_usage(900, 1, 900 * (row_bytes + 3 + 1));
}

TEST_F(UsageTest, FollowsAValueThatIsReplaced) {
  EXPECT_TRUE(memtable.set("t", {"key", "a long value"}));
  EXPECT_TRUE(memtable.set("t", {"key", "short"}));
  expect_usage(1, 1, row_bytes + 3 + 5);
  EXPECT_TRUE(memtable.set_many("t", {{"key", "1"}, {"key", "four"}}));
  expect_usage(1, 1, row_bytes + 3 + 4);
}

TEST_F(UsageTest, IsNothingAgainWhenAllIsRemoved) {
  EXPECT_TRUE(memtable.set_many("t", {{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(memtable.set("u", {"a", "1"}));
  EXPECT_TRUE(memtable.del("t", "a"));
  expect_usage(2, 2, 2 * (row_bytes + 2));
  EXPECT_TRUE(memtable.del_many("t", {"x", "b", "b"}));
  EXPECT_TRUE(memtable.del("u", "a"));
  expect_usage(0, 0, 0);
}

TEST_F(UsageTest, IsAsItWasAfterACommandThatIsTooLarge) {
  EXPECT_TRUE(memtable.set("t", {"a", std::string(101, 'x')}));
  EXPECT_FALSE(memtable.set_many("t", {{"b", "new"}, {"a", "1"}}));
  EXPECT_FALSE(memtable.del("t", "a"));
  expect_usage(1, 1, row_bytes + 1 + 101);
}

TEST_F(UsageTest, EveryRowIsInOneShard) {
  constexpr std::size_t keys = 1'000;
  for (std::size_t i = 0; i < keys; ++i) EXPECT_TRUE(memtable.set("t", {std::to_string(i), true}));
  std::size_t shards = 0, rows_seen = 0, found = 0;
  for (std::size_t index = 0; index < MemTable::shard_count; ++index) {
    memtable.visit_shard(index, [&](const Tables& tables) {
      shards += !tables.by_name.empty();
      for (const auto& [table, rows] : tables.by_name) rows_seen += rows.size();
      for (std::size_t i = 0; i < keys; ++i)
        found += tables.find("t", std::to_string(i)) != nullptr;
    });
  }
  EXPECT_EQ(rows_seen, keys);
  EXPECT_EQ(found, keys);
  EXPECT_GT(shards, 60u) << "and they are spread over nearly all of them";
}

class InfoTest : public testing::Test {
 protected:
  MemTable memtable{limit(100)};
  Load load;
  HooksBuilder hooks;
  Connection connection;
  Exchange exchange{connection};

  std::optional<Response> ask(const Request& request) {
    return hooks.build()->received(exchange, request);
  }
};

TEST_F(InfoTest, TellsWhatIsKnownOfTheServer) {
  add_info(hooks, memtable, load);
  EXPECT_TRUE(memtable.set_many("t", {{"a", "1"}, {"b", "2"}}));
  load.connections = 5;
  load.commands = 6;
  const auto info = ask(Info{});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->status, Status::ok);
  ASSERT_EQ(info->pairs.size(), 8u);
  EXPECT_EQ(info->pairs[0], (Entry{"keys", std::int64_t{2}}));
  EXPECT_EQ(info->pairs[1], (Entry{"tables", std::int64_t{1}}));
  EXPECT_EQ(info->pairs[2], (Entry{"bytes", std::int64_t{2 * (row_bytes + 2)}}));
  EXPECT_EQ(info->pairs[3], (Entry{"connections", std::int64_t{5}}));
  EXPECT_EQ(info->pairs[4], (Entry{"commands", std::int64_t{6}}));
  EXPECT_EQ(info->pairs[5].key, "uptime");
  EXPECT_EQ(info->pairs[6].key, "resident_bytes");
  EXPECT_GT(std::get<std::int64_t>(*info->pairs[6].value), 1 << 20);
  EXPECT_EQ(info->pairs[7].key, "open_descriptors");
  EXPECT_GE(std::get<std::int64_t>(*info->pairs[7].value), 3);
}

TEST_F(InfoTest, LetsEverythingElsePass) {
  add_info(hooks, memtable, load);
  for (const Request& request :
       {Request{Ping{}}, Request{Hgetall{"info"}}, Request{Auth{"token"}}, Request{Watch{"t"}}}) {
    EXPECT_FALSE(ask(request));
  }
}

TEST_F(InfoTest, CountsCommandsOnceTheyAreExecuted) {
  add_counter(hooks, load);
  EXPECT_FALSE(ask(Ping{}));
  EXPECT_EQ(load.commands, 0u);
  hooks.build()->executed(exchange, Ping{}, {});
  EXPECT_EQ(load.commands, 1u);
}

}  // namespace
}  // namespace kv
