// take_varint of src/wire/varint.hpp.

#include "wire/varint.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fixtures/wire.hpp"

namespace kv {
namespace {

constexpr std::uint64_t largest = UINT64_MAX;

/// The number in front of `bytes`, which must be taken off; `left` is what must be left of them.
std::optional<std::uint64_t> taken(std::string_view bytes, std::string_view left) {
  const auto number = take_varint(bytes);
  EXPECT_EQ(bytes, left);
  return number;
}

TEST(TakeVarint, TwoHundredIsTheChaptersExample) { EXPECT_EQ(taken("\xc8\x01rest", "rest"), 200); }

TEST(TakeVarint, ReadsNumbersOfEveryLength) {
  EXPECT_EQ(taken({"\0rest", 5}, "rest"), 0);
  for (std::uint64_t number = 1; number != 0; number <<= 1) {
    for (const auto near : {number - 1, number, number + 1}) {
      EXPECT_EQ(taken(test::wire::varint(near) + "rest", "rest"), near);
    }
  }
  EXPECT_EQ(taken(test::wire::varint(largest), ""), largest);
}

TEST(TakeVarint, OneThatIsLongerThanItNeedBeIsOneToo) {
  EXPECT_EQ(taken({"\x85\x80\x00rest", 7}, "rest"), 5);
}

TEST(TakeVarint, OneThatIsNotThereToItsEndLeavesTheInputAsItWas) {
  const auto whole = test::wire::varint(largest);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const auto part = whole.substr(0, bytes);
    EXPECT_EQ(taken(part, part), std::nullopt) << bytes;
  }
}

TEST(TakeVarint, MoreThanTenBytesOr64BitsAreNone) {
  const std::string nine(9, '\xff'), eleven = std::string(10, '\xff') + "\x01";
  EXPECT_EQ(taken(nine + "\x01", ""), largest) << "the largest";
  EXPECT_EQ(taken(nine + "\x02", nine + "\x02"), std::nullopt) << "65 bits";
  EXPECT_EQ(taken(eleven, eleven), std::nullopt) << "eleven bytes";
}

}  // namespace
}  // namespace kv
