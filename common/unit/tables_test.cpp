#include "table/tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace kv {
namespace {

class TablesTest : public testing::Test {
 protected:
  Tables tables;

  std::optional<Value> value(std::string_view table, std::string_view key) {
    const Value* value = tables.find(table, key);
    return value ? std::optional{*value} : std::nullopt;
  }
  /// Puts the value there; tells the one that it takes the place of.
  std::optional<Value> set(std::string_view table, std::string_view key, const Value& value) {
    return tables.exchange(table, key, value);
  }
  std::optional<Value> remove(std::string_view table, std::string_view key) {
    return tables.exchange(table, key, std::nullopt);
  }
};

TEST_F(TablesTest, NothingIsFoundWhereNothingIs) {
  EXPECT_EQ(tables.find("t", "k"), nullptr);
  set("t", "k", "v");
  EXPECT_EQ(tables.find("t", "l"), nullptr);
  EXPECT_EQ(tables.find("u", "k"), nullptr);
  EXPECT_EQ(tables.by_name.size(), 1u) << "looking makes no table";
}

TEST_F(TablesTest, ARowThatWasPutIsFound) {
  EXPECT_EQ(set("t", "k", "v"), std::nullopt);
  EXPECT_EQ(value("t", "k"), Value{"v"});
}

TEST_F(TablesTest, AnExchangeGivesBackTheRowThatWasThere) {
  set("t", "k", "old");
  EXPECT_EQ(set("t", "k", "a new and longer one"), Value{"old"});
  EXPECT_EQ(set("t", "k", ""), Value{"a new and longer one"});
  EXPECT_EQ(value("t", "k"), Value{""});
  EXPECT_EQ(tables.by_name.at("t").size(), 1u);
}

TEST_F(TablesTest, RemovingGivesBackTheRowThatWasThere) {
  set("t", "k", "v");
  set("t", "l", "w");
  EXPECT_EQ(remove("t", "k"), Value{"v"});
  EXPECT_EQ(remove("t", "k"), std::nullopt);
  EXPECT_EQ(value("t", "k"), std::nullopt);
  EXPECT_EQ(value("t", "l"), Value{"w"});
}

TEST_F(TablesTest, RemovingTheLastRowRemovesTheTable) {
  set("t", "k", "v");
  set("t", "l", "w");
  set("u", "k", "v");
  remove("t", "k");
  EXPECT_TRUE(tables.by_name.contains("t"));
  remove("t", "l");
  EXPECT_FALSE(tables.by_name.contains("t"));
  EXPECT_TRUE(tables.by_name.contains("u"));
}

TEST_F(TablesTest, RemovingWhatIsNotThereMakesNoTable) {
  EXPECT_EQ(remove("t", "k"), std::nullopt);
  EXPECT_TRUE(tables.by_name.empty());
}

TEST_F(TablesTest, OneKeyInTwoTablesIsTwoRows) {
  set("t", "k", "in t");
  set("u", "k", "in u");
  EXPECT_EQ(remove("t", "k"), Value{"in t"});
  EXPECT_EQ(value("u", "k"), Value{"in u"});
}

TEST_F(TablesTest, NamesMayBeEmptyAndHoldAnyByte) {
  const std::string zero{"\0", 1};
  set("", "", "nothing");
  set("", zero, "zero");
  set(zero, "", "in zero");
  EXPECT_EQ(value("", ""), Value{"nothing"});
  EXPECT_EQ(value("", zero), Value{"zero"});
  EXPECT_EQ(value(zero, ""), Value{"in zero"});
}

TEST_F(TablesTest, TenThousandRowsAreFoundWhileTheyComeAndGo) {
  const auto name = [](int i) { return "key " + std::to_string(i); };
  const auto number = [](int i) { return Value{std::to_string(i)}; };
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(set("t", name(i), number(i)), std::nullopt);
  for (int i = 0; i < 10'000; i += 2) EXPECT_EQ(remove("t", name(i)), number(i));
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(value("t", name(i)), i % 2 == 0 ? std::nullopt : std::optional{number(i)});
  }
  for (int i = 1; i < 10'000; i += 2) EXPECT_EQ(remove("t", name(i)), number(i));
  EXPECT_TRUE(tables.by_name.empty());
}

/// 2 to the power of `pairs` texts with one std::hash, whatever its seed. libstdc++'s is murmur: it
/// mixes eight bytes by themselves, and puts them into the hash by ^ and a multiplication by an odd
/// number. So a difference in the highest bit stays in the highest bit, and the next eight bytes
/// can take it out again.
std::vector<std::string> colliding_texts(int pairs) {
  constexpr std::uint64_t odd = 0xc6a4a7935bd1e995;
  std::uint64_t inverse = odd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  std::uint64_t block = (std::uint64_t{1} << 63) * inverse;  // the mixing, backwards
  block = (block ^ block >> 47) * inverse;
  std::string flips(sizeof block, '\0');
  std::memcpy(flips.data(), &block, sizeof block);

  const std::string choices[] = {std::string(2 * sizeof block, '\0'), flips + flips};
  std::vector<std::string> texts{""};
  for (int i = 0; i < pairs; ++i) {
    std::vector<std::string> longer;
    for (const auto& text : texts)
      for (const auto& choice : choices) longer.push_back(text + choice);
    texts = std::move(longer);
  }
  return texts;
}

TEST(NameHash, TextsMadeToCollideDoNot) {
  const auto texts = colliding_texts(12);
  const auto distinct = [&texts](auto hash) {
    std::set<std::size_t> hashes;
    for (const auto& text : texts) hashes.insert(hash(text));
    return hashes.size();
  };
#ifdef __GLIBCXX__
  ASSERT_EQ(distinct(std::hash<std::string>{}), 1u) << "then they show nothing";
#endif
  EXPECT_EQ(distinct([](const std::string& text) { return NameHash{}(text); }), texts.size());
  // A table looks at some bits only: 64 of these texts in each of 64 places, were they random ones.
  for (const int shift : {0, 8, 58}) {
    std::vector<int> places(64);
    for (const auto& text : texts) ++places[(NameHash{}(text) >> shift) % places.size()];
    EXPECT_LT(*std::ranges::max_element(places), 3 * 64);
  }
}

}  // namespace
}  // namespace kv
