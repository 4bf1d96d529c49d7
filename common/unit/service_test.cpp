#include "command/service.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <new>

#include "base/limits.hpp"
#include "failing_storage.hpp"
#include "table/memtable.hpp"

namespace kv {
namespace {

using test::commands;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto absent = std::nullopt;

class ServiceTest : public testing::Test {
 protected:
  MemTable storage{AnswerLimit{std::numeric_limits<std::size_t>::max(),
                               [](const std::optional<Value>&) { return std::size_t{0}; },
                               [](const Entry&) { return std::size_t{0}; }}};
  Service service{storage};

  ServiceTest() {
    (void)storage.set_many("t", {{"a", "1"}, {"b", "2"}});  // memory does not fail
  }

  Values values(const Request& request) {
    const auto response = service.execute(request);
    EXPECT_EQ(response.status, Status::ok) << response.message;
    EXPECT_THAT(response.message, IsEmpty());
    EXPECT_THAT(response.pairs, IsEmpty());
    return response.values;
  }

  std::vector<Entry> pairs(const Request& request) {
    const auto response = service.execute(request);
    EXPECT_EQ(response.status, Status::ok) << response.message;
    EXPECT_THAT(response.message, IsEmpty());
    EXPECT_THAT(response.values, IsEmpty());
    return response.pairs;
  }

  void expect_refused(const Request& request, const std::string& message) {
    const auto response = service.execute(request);
    EXPECT_EQ(response.status, Status::too_large);
    EXPECT_EQ(response.message, message);
    EXPECT_THAT(response.values, IsEmpty());
    EXPECT_THAT(response.pairs, IsEmpty());
  }

  void expect_table_unchanged() {
    EXPECT_THAT(pairs(Hgetall{"t"}), UnorderedElementsAre(Entry{"a", "1"}, Entry{"b", "2"}));
  }
};

TEST_F(ServiceTest, PingAnswersPongOrTheMessage) {
  EXPECT_EQ(service.execute(Ping{}).message, "PONG");
  EXPECT_EQ(service.execute(Ping{"hello"}).message, "hello");
  EXPECT_EQ(service.execute(Ping{""}).message, "");
  EXPECT_EQ(service.execute(Ping{}).status, Status::ok);
}

TEST_F(ServiceTest, HgetAnswersTheValue) {
  EXPECT_THAT(values(Hget{"t", "a"}), ElementsAre(Value{"1"}));
}

TEST_F(ServiceTest, HgetOfAnAbsentKeyNamesTableAndKey) {
  for (const auto& get : {Hget{"t", "no such key"}, Hget{"no such table", "a"}}) {
    const auto response = service.execute(get);
    EXPECT_EQ(response.status, Status::not_found);
    EXPECT_THAT(response.message, HasSubstr("'" + get.table + "'"));
    EXPECT_THAT(response.message, HasSubstr("'" + get.key + "'"));
    EXPECT_THAT(response.values, IsEmpty());
  }
}

TEST_F(ServiceTest, HgetallAnswersThePairs) {
  EXPECT_THAT(pairs(Hgetall{"t"}), UnorderedElementsAre(Entry{"a", "1"}, Entry{"b", "2"}));
  EXPECT_THAT(pairs(Hgetall{"no such table"}), IsEmpty());
}

TEST_F(ServiceTest, HmgetAnswersAValueForEachKeyInOrder) {
  EXPECT_THAT(values(Hmget{"t", {"b", "x", "a", "b"}}),
              ElementsAre(Value{"2"}, absent, Value{"1"}, Value{"2"}));
}

TEST_F(ServiceTest, HsetAnswersWhatWasThereBefore) {
  EXPECT_THAT(values(Hset{"t", {"a", "new"}}), ElementsAre(Value{"1"}));
  EXPECT_THAT(values(Hset{"t", {"c", "3"}}), ElementsAre(absent));
  EXPECT_THAT(values(Hmget{"t", {"a", "c"}}), ElementsAre(Value{"new"}, Value{"3"}));
}

TEST_F(ServiceTest, HmsetAnswersWhatWasThereBeforeEach) {
  EXPECT_THAT(values(Hmset{"t", {{"c", "3"}, {"b", "x"}, {"c", "4"}}}),
              ElementsAre(absent, Value{"2"}, Value{"3"}));
  EXPECT_THAT(values(Hmget{"t", {"b", "c"}}), ElementsAre(Value{"x"}, Value{"4"}));
}

TEST_F(ServiceTest, HdelAnswersWhatItRemoved) {
  EXPECT_THAT(values(Hdel{"t", "a"}), ElementsAre(Value{"1"}));
  EXPECT_THAT(values(Hdel{"t", "a"}), ElementsAre(absent));
  EXPECT_THAT(pairs(Hgetall{"t"}), ElementsAre(Entry{"b", "2"}));
}

TEST_F(ServiceTest, HmdelAnswersWhatItRemovedInOrder) {
  EXPECT_THAT(values(Hmdel{"t", {"b", "x", "a", "a"}}),
              ElementsAre(Value{"2"}, absent, Value{"1"}, absent));
  EXPECT_THAT(pairs(Hgetall{"t"}), IsEmpty());
}

TEST_F(ServiceTest, HexistAndHmexistAnswerAFlagForEachKey) {
  EXPECT_THAT(values(Hexist{"t", "a"}), ElementsAre(Value{true}));
  EXPECT_THAT(values(Hexist{"t", "x"}), ElementsAre(Value{false}));
  EXPECT_THAT(values(Hmexist{"t", {"x", "a"}}), ElementsAre(Value{false}, Value{true}));
}

TEST_F(ServiceTest, HlenCountsTheKeys) {
  EXPECT_THAT(values(Hlen{"t"}), ElementsAre(Value{std::int64_t{2}}));
  EXPECT_THAT(values(Hlen{"no such table"}), ElementsAre(Value{std::int64_t{0}}));
}

TEST_F(ServiceTest, ValuesKeepTheirType) {
  for (const Value& value :
       {Value{"text"}, Value{Binary{"text"}}, Value{std::int64_t{1}}, Value{1.0}, Value{true}}) {
    values(Hset{"t", {"typed", value}});
    EXPECT_THAT(values(Hget{"t", "typed"}), ElementsAre(value));
  }
}

// --- limits ---

class ServiceLimits : public ServiceTest {};

TEST_F(ServiceLimits, NamesOfTheLimitAreTaken) {
  const std::string longest(name_bytes_max, 'n');
  EXPECT_THAT(values(Hset{longest, {longest, "v"}}), ElementsAre(absent));
  EXPECT_THAT(values(Hget{longest, longest}), ElementsAre(Value{"v"}));
  for (const auto& request : commands(longest, longest)) {
    EXPECT_NE(service.execute(request).status, Status::too_large) << request.index();
  }
  EXPECT_EQ(service.execute(Hgetall{longest}).status, Status::ok);
  EXPECT_EQ(service.execute(Hlen{longest}).status, Status::ok);
}

TEST_F(ServiceLimits, ATableNameOverTheLimitIsRefusedInEveryCommand) {
  const std::string table(name_bytes_max + 1, 't');
  const std::string message = "table name of 1025 bytes; the limit is 1024";
  for (const auto& request : commands(table, "k")) expect_refused(request, message);
  expect_refused(Hgetall{table}, message);
  expect_refused(Hlen{table}, message);
  EXPECT_EQ(*storage.length(table), 0u);
}

TEST_F(ServiceLimits, AKeyOverTheLimitIsRefusedInEveryCommandAndNothingDone) {
  const std::string key(name_bytes_max + 1, 'k');
  for (const auto& request : commands("t", key)) {
    expect_refused(request, "key of 1025 bytes; the limit is 1024");
  }
  expect_table_unchanged();
}

TEST_F(ServiceLimits, AValueOfTheLimitIsTaken) {
  const std::string largest(value_bytes_max, 'v');
  values(Hset{"t", {"a", largest}});
  values(Hmset{"t", {{"b", Binary{largest}}, {"c", largest}}});
  EXPECT_THAT(values(Hmget{"t", {"a", "b", "c"}}),
              ElementsAre(Value{largest}, Value{Binary{largest}}, Value{largest}));
}

TEST_F(ServiceLimits, AValueOverTheLimitIsRefusedAndNothingWritten) {
  const std::string large(value_bytes_max + 1, 'v');
  for (const Value& value : {Value{large}, Value{Binary{large}}}) {
    const std::string message = "value of 1048577 bytes; the limit is 1048576";
    expect_refused(Hset{"t", {"a", value}}, message);
    expect_refused(Hmset{"t", {{"a", "new"}, {"c", "new"}, {"b", value}}}, message);
  }
  expect_table_unchanged();
}

TEST_F(ServiceLimits, AsManyKeysAsTheLimitAreTakenAndMoreRefusedAndNothingDone) {
  Service of_two{storage, 2};
  EXPECT_THAT(of_two.execute(Hmget{"t", {"a", "b"}}).values, ElementsAre(Value{"1"}, Value{"2"}));
  EXPECT_EQ(of_two.execute(Hmset{"t", {{"a", "1"}, {"b", "2"}}}).status, Status::ok);
  const Request too_many[] = {Hmget{"t", {"a", "b", "c"}}, Hmexist{"t", {"a", "b", "c"}},
                              Hmdel{"t", {"a", "b", "c"}},
                              Hmset{"t", {{"a", "x"}, {"b", "x"}, {"c", "x"}}}};
  for (const auto& request : too_many) {
    const auto response = of_two.execute(request);
    EXPECT_EQ(response.status, Status::too_large) << request.index();
    EXPECT_EQ(response.message, "more than 2 keys in one command; send them in several");
  }
  expect_table_unchanged();
}

// --- no memory ---

/// Memory runs out wherever a command comes to it.
class NoMemory : public MemTable {
 public:
  using MemTable::MemTable;
  Result<Values> get_many(std::string_view, const std::vector<std::string>&) const override {
    throw std::bad_alloc{};
  }
  Result<Values> set_many(std::string_view, const std::vector<Entry>&) override {
    throw std::bad_alloc{};
  }
};

TEST(ServiceWithoutMemory, AReadIsAnsweredAndAWriteIsNot) {
  NoMemory storage{AnswerLimit{std::numeric_limits<std::size_t>::max(),
                               [](const std::optional<Value>&) { return std::size_t{0}; },
                               [](const Entry&) { return std::size_t{0}; }}};
  Service service{storage};
  const auto response = service.execute(Hmget{"t", {"a"}});
  EXPECT_EQ(response.status, Status::storage_failed);
  EXPECT_EQ(response.message, "out of memory");
  EXPECT_THROW(service.execute(Hmset{"t", {{"a", "1"}}}), std::bad_alloc)
      << "it may have been made already";
}

}  // namespace
}  // namespace kv
