#include "wire/frame.hpp"

#include <gmock/gmock.h>

#include <string>

#include "fixtures/wire.hpp"

namespace kv {
namespace {

using test::wire::frame;
using testing::HasSubstr;

constexpr std::size_t bytes_max = 1024;

TEST(Frame, AHeaderIsTheLengthInBigEndian) {
  const auto header = frame_header(0x01020304);
  EXPECT_EQ(std::string(header.begin(), header.end()), "\x01\x02\x03\x04");
}

TEST(Frame, AMessageComesOutOfTheFrameThatItWentInto) {
  for (const std::size_t bytes : {1U, 255U, 256U, 65'535U, 65'536U}) {
    const std::string message(bytes, 'm');
    const auto header = frame_header(bytes);
    const std::string whole = std::string(header.begin(), header.end()) + message;
    std::string_view input = whole;
    EXPECT_EQ(**next_frame(input, bytes), message);
    EXPECT_EQ(input, "");
  }
}

TEST(Frame, IsTakenWhereverTheBytesAreSplit) {
  const std::string message = "a message";
  const std::string whole = frame(message);
  for (std::size_t split = 0; split < whole.size(); ++split) {
    const auto begun = std::string_view{whole}.substr(0, split);
    std::string_view input = begun;
    const auto nothing = next_frame(input, bytes_max);
    ASSERT_TRUE(nothing) << split;
    EXPECT_EQ(*nothing, std::nullopt) << split;
    EXPECT_EQ(input, begun) << "nothing is taken of a frame that is not whole";
  }
  std::string_view input = whole;
  EXPECT_EQ(**next_frame(input, bytes_max), message);
}

TEST(Frame, OneIsTakenAtATime) {
  const std::string two = frame("first") + frame("second") + frame("").substr(1);
  std::string_view input = two;
  EXPECT_EQ(**next_frame(input, bytes_max), "first");
  EXPECT_EQ(**next_frame(input, bytes_max), "second");
  EXPECT_EQ(*next_frame(input, bytes_max), std::nullopt);
}

TEST(Frame, OfNoBytesIsAMessageOfNone) {
  const std::string empty = frame("");
  std::string_view input = empty;
  const auto message = next_frame(input, bytes_max);
  ASSERT_TRUE(message);
  ASSERT_TRUE(*message) << "it is there, and empty";
  EXPECT_EQ(**message, "");
  EXPECT_EQ(input, "");
}

TEST(Frame, IsAViewAndNoCopy) {
  const std::string whole = frame("a message");
  std::string_view input = whole;
  EXPECT_EQ((**next_frame(input, bytes_max)).data(), whole.data() + frame_header_bytes);
}

TEST(Frame, OfTheLimitIsTaken) {
  const std::string message(bytes_max, 'm');
  const std::string whole = frame(message);
  std::string_view input = whole;
  EXPECT_EQ(**next_frame(input, bytes_max), message);
}

TEST(Frame, OverTheLimitIsRefusedByItsHeaderAlone) {
  const auto header = frame_header(bytes_max + 1);
  std::string_view input{header.data(), header.size()};
  const auto refused = next_frame(input, bytes_max);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, Status::too_large);
  EXPECT_THAT(refused.error().message, HasSubstr("1025 bytes; the limit is 1024"));
}

TEST(Frame, ALengthWithItsTopBitSetIsLargeAndNotNegative) {
  for (const std::string_view header : {"\x80\x00\x00\x00", "\xff\xff\xff\xff"}) {
    std::string_view input{header.data(), frame_header_bytes};
    EXPECT_FALSE(next_frame(input, bytes_max));
  }
}

}  // namespace
}  // namespace kv
