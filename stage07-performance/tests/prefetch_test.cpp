// What is asked of memory ahead of a request: a hint, which may miss, and must harm nothing.

#include "net/prefetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/wire.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv {
namespace {

namespace wire = test::wire;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t bytes_max = 4096;

/// A table that remembers what was asked for.
class Asked : public MemTable {
 public:
  Asked() : MemTable{answer_limit(bytes_max)} {}
  void prefetch(std::string_view table, std::string_view key) const override {
    rows.push_back(std::string{table} + "/" + std::string{key});
    MemTable::prefetch(table, key);
  }
  mutable std::vector<std::string> rows;
};

class PrefetchTest : public testing::Test {
 protected:
  /// What is asked for when the input is a frame with this message.
  std::vector<std::string> asked_for(const std::string& message) {
    return asked_for_input(wire::frame(message));
  }
  std::vector<std::string> asked_for_input(std::string_view input) {
    storage_.rows.clear();
    prefetch_next(input, bytes_max, service_);
    return storage_.rows;
  }

  Asked storage_;
  Service service_{storage_};
};

TEST_F(PrefetchTest, AsksForTheRowOfACommandThatHasOne) {
  EXPECT_THAT(asked_for(wire::hget("t", "k")), ElementsAre("t/k"));
  EXPECT_THAT(asked_for(wire::hset("t", "k", "v")), ElementsAre("t/k"));
  EXPECT_THAT(asked_for(wire::hdel("t", "k")), ElementsAre("t/k"));
  EXPECT_THAT(asked_for(wire::hexist("t", "k")), ElementsAre("t/k"));
}

TEST_F(PrefetchTest, AsksForTheFirstRowOfMany) {
  EXPECT_THAT(asked_for(wire::hmget("t", {"a", "b"})), ElementsAre("t/a"));
  EXPECT_THAT(asked_for(wire::hmset("t", {{"a", "v"}, {"b", "w"}})), ElementsAre("t/a"));
}

TEST_F(PrefetchTest, AsksForNothingWhereThereIsNoRow) {
  for (const auto& message : {wire::ping("hello"), wire::hgetall("t"), wire::hlen("t")})
    EXPECT_THAT(asked_for(message), IsEmpty());
}

TEST_F(PrefetchTest, AsksForNothingBeforeTheFrameIsThereToItsEnd) {
  const auto frame = wire::frame(wire::hset("t", "k", "v"));
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes)
    EXPECT_THAT(asked_for_input(frame.substr(0, bytes)), IsEmpty()) << bytes << " bytes";
  EXPECT_THAT(asked_for_input(frame + frame), ElementsAre("t/k"));
}

TEST_F(PrefetchTest, AsksForNothingOfAFrameThatIsTooLong) {
  const auto with = [](std::size_t bytes) { return wire::hset("t", "k", std::string(bytes, 'v')); };
  const auto others = with(1000).size() - 1000;
  EXPECT_THAT(asked_for(with(bytes_max - others)), ElementsAre("t/k"));
  EXPECT_THAT(asked_for(with(bytes_max - others + 1)), IsEmpty());
}

TEST_F(PrefetchTest, PassesOverWhatIsCutShortOrInAnotherOrder) {
  const auto message = wire::hset("t", "k", "v");
  for (std::size_t bytes = 0; bytes < message.size(); ++bytes)
    EXPECT_THAT(asked_for(message.substr(0, bytes)), IsEmpty()) << bytes << " bytes";
  EXPECT_THAT(
      asked_for(wire::bytes_field(1, wire::bytes_field(2, "k") + wire::bytes_field(1, "t"))),
      IsEmpty());
}

TEST_F(PrefetchTest, ChangesNothing) {
  (void)asked_for(wire::hget("t", "k"));
  EXPECT_EQ(*storage_.length("t"), 0u);
  EXPECT_EQ(*storage_.get("t", "k"), std::nullopt);
  ASSERT_TRUE(storage_.set("t", Entry{"k", "v"}));
  for (const char* key : {"k", "other"}) (void)asked_for(wire::hget("t", key));
  EXPECT_EQ(*storage_.get("t", "k"), Value{"v"});
  EXPECT_EQ(*storage_.get("t", "other"), std::nullopt);
}

TEST(NameAhead, FindsARowForEachKeyThatIsThere) {
  Tables tables;
  for (int i = 0; i < 1000; ++i) {
    const auto key = "key " + std::to_string(i);
    (void)tables.exchange("t", key, Row{key, "v"});
  }
  const Rows& rows = tables.by_name.find(Name{"t"})->second;
  int others = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(rows.contains(NameAhead{"key " + std::to_string(i)})) << i;
    others += rows.contains(NameAhead{"other " + std::to_string(i)});
  }
  EXPECT_LT(others, 200) << "some bits of the hash must agree";
}

}  // namespace
}  // namespace kv
