#include "table/value.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace kv {
namespace {

const std::vector<Value>& values() {
  static const std::vector<Value> all{
      "",
      "text",
      std::string{"\0 and \xff", 7},
      std::string(1024 * 1024, 'x'),
      Binary{""},
      Binary{{"\0\xff", 2}},
      std::int64_t{0},
      std::int64_t{-1},
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::int64_t>::max(),
      0.0,
      -1.5,
      std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::denorm_min(),
      false,
      true,
  };
  return all;
}

TEST(Value, ComesBackFromItsKindAndBytes) {
  for (const auto& value : values()) {
    EXPECT_EQ(value_of(value.index(), value_bytes(value)), value);
  }
}

TEST(Value, KeepsEveryBitOfAFloat) {
  for (const double number : {-0.0, std::nan(""), std::bit_cast<double>(0x7ff8'dead'beef'0001)}) {
    const Value value = number;
    const auto back = value_of(value.index(), value_bytes(value));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(*back)),
              std::bit_cast<std::uint64_t>(number));
  }
}

TEST(Value, IsNotMadeOfBytesThatAreTooFewOrTooMany) {
  constexpr std::size_t integer = 2, real = 3, flag = 4;
  for (const std::size_t kind : {integer, real}) {
    EXPECT_TRUE(value_of(kind, std::string(8, '\0')));
    for (const std::size_t bytes : {0U, 7U, 9U})
      EXPECT_FALSE(value_of(kind, std::string(bytes, '\0')));
  }
  EXPECT_FALSE(value_of(flag, ""));
  EXPECT_FALSE(value_of(flag, std::string(2, '\0')));
}

TEST(Value, AFlagIsZeroOrOne) {
  constexpr std::size_t flag = 4;
  EXPECT_EQ(value_of(flag, std::string(1, '\0')), Value{false});
  EXPECT_EQ(value_of(flag, "\x01"), Value{true});
  EXPECT_FALSE(value_of(flag, "\x02"));
  EXPECT_FALSE(value_of(flag, "\xff"));
}

TEST(Value, HasFiveKindsAndNoSixth) {
  EXPECT_FALSE(value_of(5, ""));
  EXPECT_FALSE(value_of(std::variant_npos, ""));
}

}  // namespace
}  // namespace kv
