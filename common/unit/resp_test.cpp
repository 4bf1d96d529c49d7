#include "wire/resp.hpp"

#include <gmock/gmock.h>

namespace kv {
namespace {

using testing::ElementsAre;

/// All commands in `bytes`, shown to the reader `step` bytes at a time; the error, if there is one,
/// as a last command.
std::vector<Words> read_all(std::string_view bytes, std::size_t step) {
  std::vector<Words> commands;
  RespReader reader;
  std::string kept;
  while (true) {
    std::string_view input = kept;
    const auto command = reader.next(input);
    kept.erase(0, kept.size() - input.size());
    if (!command) {
      commands.push_back({command.error().message});
      return commands;
    }
    if (*command) {
      commands.push_back(**command);
    } else if (bytes.empty()) {
      return commands;
    } else {
      kept += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
    }
  }
}

class RespReaderTest : public testing::TestWithParam<std::size_t> {
};  // the parameter: bytes a step

TEST_P(RespReaderTest, ArraysAndInlineLinesMix) {
  EXPECT_THAT(
      read_all("*2\r\n$4\r\nPING\r\n$2\r\nhi\r\nPING a\r\nPING\n*1\r\n$4\r\nPING\r\n", GetParam()),
      ElementsAre(Words{"PING", "hi"}, Words{"PING", "a"}, Words{"PING"}, Words{"PING"}));
}

TEST_P(RespReaderTest, BulkStringsHoldAnyByte) {
  EXPECT_THAT(read_all({"*2\r\n$4\r\nPING\r\n$5\r\n\r\n\0$*\r\n", 26}, GetParam()),
              ElementsAre(Words{"PING", std::string{"\r\n\0$*", 5}}));
}

TEST_P(RespReaderTest, EmptyCommandsAskForNothing) {
  EXPECT_THAT(read_all("\r\n*0\r\n*-1\r\n   \r\nPING\r\n", GetParam()), ElementsAre(Words{"PING"}));
}

TEST_P(RespReaderTest, AnyBytesMayStandWhereALengthHasEnded) {
  EXPECT_THAT(read_all("*2\rx$4\r\rPINGxx$2\r*hiyyPING\n*0\r\r*1\r\n$1\r\na\r\r", GetParam()),
              ElementsAre(Words{"PING", "hi"}, Words{"PING"}, Words{"a"}));
}

TEST_P(RespReaderTest, NonsenseIsAnError) {
  const auto first = [](std::string_view bytes) { return read_all(bytes, GetParam()).at(0).at(0); };
  EXPECT_EQ(first("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(first("*01\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(first("*-0\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(first("*1\r\n$04\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(first("*1048577\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(first("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
  EXPECT_EQ(first("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(first("*1\r\n$4194305\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(first("*1\r\n$1x\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(first("PING \"a\r\n"), "Protocol error: unbalanced quotes in request");
}

INSTANTIATE_TEST_SUITE_P(BytesAtATime, RespReaderTest, testing::Values(1, 2, 7, 1000));

TEST(RespReader, ALineEndsWithinItsLimit) {
  const std::string longest(resp::line_bytes_max, 'a');
  EXPECT_THAT(read_all(longest + "\n", 4096), ElementsAre(Words{longest}));
  EXPECT_THAT(read_all(longest + "a", 4096),
              ElementsAre(Words{"Protocol error: too big inline request"}));
  EXPECT_THAT(read_all("*" + longest, 4096),
              ElementsAre(Words{"Protocol error: too big mbulk count string"}));
  EXPECT_THAT(read_all("*1\r\n$" + longest, 4096),
              ElementsAre(Words{"Protocol error: too big bulk count string"}));
}

TEST(RespReader, ARequestOfTheLargestSizeIsRead) {
  const std::string half(resp::request_bytes_max / 2, 'a');
  const std::string bulk = "$" + std::to_string(half.size()) + "\r\n" + half + "\r\n";
  EXPECT_THAT(read_all("*2\r\n" + bulk + bulk, 1 << 20), ElementsAre(Words{half, half}));
  EXPECT_THAT(read_all("*3\r\n" + bulk + bulk + "$1\r\n", 1 << 20),
              ElementsAre(Words{"Protocol error: too big request"}));
}

TEST(Resp, ANumberIsReadAsItWouldBePrinted) {
  EXPECT_EQ(resp::to_number("0"), 0);
  EXPECT_EQ(resp::to_number("-12"), -12);
  for (const auto* const no : {"", "-", "-0", "01", "+1", " 1", "1 ", "1x", "9223372036854775808"})
    EXPECT_EQ(resp::to_number(no), std::nullopt) << no;
}

TEST(Resp, ANameMayBeInAnyCase) {
  EXPECT_TRUE(resp::is_name("ping", "ping"));
  EXPECT_TRUE(resp::is_name("pInG", "ping"));
  for (const auto* const no : {"", "pin", "pings", "pong"})
    EXPECT_FALSE(resp::is_name(no, "ping")) << no;
  EXPECT_FALSE(resp::is_name(std::string_view{"ping\0", 5}, "ping"));
}

TEST(Resp, RepliesAreWrittenAsRedisDoes) {
  std::string out;
  resp::append_simple(out, "PONG");
  resp::append_error(out, "ERR two\r\nlines");
  resp::append_integer(out, -3);
  resp::append_array(out, 2);
  resp::append_bulk(out, "");
  resp::append_nil(out);
  EXPECT_EQ(out, "+PONG\r\n-ERR two  lines\r\n:-3\r\n*2\r\n$0\r\n\r\n$-1\r\n");
}

}  // namespace
}  // namespace kv
