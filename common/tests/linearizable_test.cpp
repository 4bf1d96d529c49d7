// The checker of histories, on histories made by hand: a checker that accepts everything would
// find every server right.

#include "fixtures/linearizable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kv::test {
namespace {

using History = std::vector<Operation>;
using testing::HasSubstr;

constexpr auto nothing = std::nullopt;
constexpr auto never = Operation::never;

Operation set(std::uint64_t invoked, std::uint64_t returned, const std::string& value,
              const Held& previous = {}, const std::string& key = "k") {
  return {Operation::Kind::set, key, value, previous, invoked, returned};
}

Operation get(std::uint64_t invoked, std::uint64_t returned, const Held& value,
              const std::string& key = "k") {
  return {Operation::Kind::get, key, nothing, value, invoked, returned};
}

Operation remove(std::uint64_t invoked, std::uint64_t returned, const Held& removed = {}) {
  return {Operation::Kind::remove, "k", nothing, removed, invoked, returned};
}

TEST(Linearizable, NothingIs) { EXPECT_TRUE(linearizable({})); }

TEST(Linearizable, OneAfterTheOtherIs) {
  EXPECT_TRUE(linearizable({get(1, 2, nothing), set(3, 4, "a"), get(5, 6, "a"), set(7, 8, "b", "a"),
                            remove(9, 10, "b"), remove(11, 12), get(13, 14, nothing)}));
}

TEST(Linearizable, AnOperationMayHappenAnywhereBetweenItsCallAndItsAnswer) {
  const auto slow = set(1, 10, "a");
  EXPECT_TRUE(linearizable({slow, get(2, 3, nothing), get(4, 5, nothing), get(6, 7, "a")}));
  EXPECT_TRUE(linearizable({slow, get(2, 3, "a"), get(4, 5, "a")}));
  EXPECT_FALSE(linearizable({slow, get(2, 3, "a"), get(4, 5, nothing)})) << "and not twice";
}

TEST(Linearizable, TheOrderOfTheListMeansNothing) {
  EXPECT_TRUE(linearizable({get(3, 4, "a"), set(1, 2, "a")}));
  EXPECT_FALSE(linearizable({set(3, 4, "a"), get(1, 2, "a")}));
}

TEST(Linearizable, AStaleReadIsNot) {
  EXPECT_FALSE(linearizable({set(1, 2, "a"), set(3, 4, "b", "a"), get(5, 6, "a")}));
  EXPECT_FALSE(linearizable({set(1, 2, "a"), get(3, 4, nothing)}));
  EXPECT_TRUE(linearizable({set(1, 2, "a"), set(3, 6, "b", "a"), get(5, 7, "a")}))
      << "not stale: the read and the second write were concurrent";
}

TEST(Linearizable, AReadOfTheFutureIsNot) {
  EXPECT_FALSE(linearizable({get(1, 2, "a"), set(3, 4, "a")}));
}

TEST(Linearizable, AReadOfWhatNobodyWroteIsNot) {
  EXPECT_FALSE(linearizable({set(1, 2, "a"), get(3, 4, "b")}));
}

TEST(Linearizable, TwoReadersWhoSeeTwoWritesInTwoOrdersAreNot) {
  const History writes{set(1, 20, "a", "b"), set(2, 19, "b")};
  History one_order = writes;
  one_order.insert(one_order.end(), {get(3, 4, "b"), get(5, 6, "a"), get(7, 8, "a")});
  EXPECT_TRUE(linearizable(one_order));
  History two_orders = writes;
  two_orders.insert(two_orders.end(), {get(3, 4, "b"), get(5, 6, "a"), get(7, 8, "b")});
  EXPECT_FALSE(linearizable(two_orders));
}

TEST(Linearizable, ALostUpdateIsNot) {
  EXPECT_FALSE(linearizable({set(1, 2, "a"), set(3, 6, "b", "a"), set(4, 5, "c", "a")}))
      << "the same value was replaced twice";
  EXPECT_TRUE(linearizable({set(1, 2, "a"), set(3, 6, "b", "c"), set(4, 5, "c", "a")}));
}

TEST(Linearizable, ARemovalThatIsUndoneIsNot) {
  EXPECT_FALSE(linearizable({set(1, 2, "a"), remove(3, 4, "a"), get(5, 6, "a")}));
  EXPECT_FALSE(linearizable({set(1, 2, "a"), remove(3, 6, "a"), remove(4, 5, "a")}))
      << "removed twice";
  EXPECT_FALSE(linearizable({set(1, 2, "a"), remove(3, 4, "a"), set(5, 6, "b", "a")}));
}

TEST(Linearizable, AnUnansweredOperationMayHaveHappenedOrNot) {
  const History crashed{set(1, 2, "a"), set(3, never, "b")};
  for (const char* const value : {"a", "b"}) {
    History history = crashed;
    history.push_back(get(5, 6, value));
    EXPECT_TRUE(linearizable(history)) << value;
  }
  EXPECT_TRUE(linearizable({set(1, 2, "a"), remove(3, never), get(4, 5, nothing)}));
}

TEST(Linearizable, AnUnansweredOperationMayHappenLater) {
  EXPECT_TRUE(linearizable(
      {set(1, never, "a"), get(2, 3, nothing), set(4, 5, "b"), get(6, 7, "b"), get(8, 9, "a")}));
}

TEST(Linearizable, AnUnansweredOperationHappensOnce) {
  EXPECT_FALSE(
      linearizable({set(1, never, "a"), get(2, 3, "a"), set(4, 5, "b", "a"), get(6, 7, "a")}));
}

TEST(Linearizable, AnUnansweredOperationHappensNotBeforeItsCall) {
  EXPECT_FALSE(linearizable({get(1, 2, "a"), set(3, never, "a")}));
}

TEST(Linearizable, AnUnansweredReadTellsNothing) {
  EXPECT_TRUE(linearizable({get(1, never, "?"), set(2, 3, "a"), get(4, 5, "a")}));
  EXPECT_TRUE(
      linearizable({set(1, 2, "a"), get(3, never, nothing), remove(4, never), get(5, 6, nothing)}));
}

TEST(Linearizable, OfManyUnansweredOperationsThoseThatWereSeenAreFound) {
  History history;
  std::uint64_t now = 0;
  for (int i = 0; i < 50; ++i) {
    history.push_back(set(++now, never, std::to_string(i)));
    history.push_back(remove(++now, never));
  }
  for (const char* const seen : {"7", "33", "20"}) {
    history.push_back(get(now + 1, now + 2, seen));
    history.push_back(get(now + 3, now + 4, nothing));
    now += 4;
  }
  EXPECT_TRUE(linearizable(history));
  history.push_back(get(now + 1, now + 2, "33"));
  EXPECT_FALSE(linearizable(history)) << "seen again after it had gone";
}

TEST(Linearizable, KeysAreStoresOfTheirOwn) {
  EXPECT_TRUE(linearizable({set(1, 2, "a", nothing, "k"), get(3, 4, nothing, "l"),
                            set(5, 6, "b", nothing, "l"), get(7, 8, "a", "k")}));
  EXPECT_FALSE(linearizable({set(1, 2, "a", nothing, "k"), get(3, 4, "a", "l")}));
}

// Greedy is not enough: of two that could come first, the wrong one blocks all the rest.
TEST(Linearizable, ABadBeginningIsTakenBack) {
  EXPECT_TRUE(linearizable(
      {set(1, 10, "a"), set(2, 9, "b"), get(3, 4, "b"), remove(5, 6, "b"), get(11, 12, "a")}));
  // Both reads see nothing, before the write or after the removal; one of each is right.
  EXPECT_TRUE(linearizable({get(1, 12, nothing), set(2, 11, "a"), get(3, 10, "a"),
                            remove(4, 9, "a"), get(5, 8, nothing)}));
}

TEST(Linearizable, AFailureShowsWhereNoOrderGoesOn) {
  const auto result = linearizable(
      {set(1, 2, "a"), get(3, 4, "a"), get(5, 8, "b"), set(6, 7, "c", "d"), set(9, 10, "later")});
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("key k: after 2 of its operations"));
  EXPECT_THAT(result.message(), HasSubstr("holds \"a\""));
  EXPECT_THAT(result.message(), HasSubstr("5 to 8: get \"b\""));
  EXPECT_THAT(result.message(), HasSubstr("6 to 7: set \"c\" in place of \"d\""));
  EXPECT_THAT(result.message(), Not(HasSubstr("later")));
}

TEST(Linearizable, ThousandsOfConcurrentOperationsTakeNoTime) {
  History history;
  constexpr std::uint64_t operations = 3'000;
  constexpr std::uint64_t overlap = 16;  // each runs beside the 15 before and the 15 after it
  for (std::uint64_t i = 0; i < operations; ++i) {
    const Held before = i == 0 ? Held{} : Held{std::to_string(i - 1)};
    history.push_back(set(2 * i + 1, 2 * (i + overlap), std::to_string(i), before));
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(linearizable(history));
  history[operations / 2].result = "wrong";
  EXPECT_FALSE(linearizable(history));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10});
}

}  // namespace
}  // namespace kv::test
