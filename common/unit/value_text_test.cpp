#include "client/value_text.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>

namespace kv {
namespace {

using testing::HasSubstr;

void expect_read(const std::string& text, const Value& value) {
  const auto read = value_from_text(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(*read, value) << text;
}

void expect_refused(const std::string& text) {
  const auto read = value_from_text(text);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().status, Status::bad_request) << text;
  EXPECT_THAT(read.error().message, HasSubstr("'" + text + "'"));
}

TEST(ValueText, WithoutATypeIsAString) {
  for (const char* text : {"", "text", "42", "true", "1.5", "int", "00ff"}) {
    expect_read(text, std::string{text});
  }
}

TEST(ValueText, WithAnUnknownTypeIsAString) {
  for (const char* text : {"http://host", "a:b:c", ":", ":int:1", "Int:1", " int:1", "integer:1"}) {
    expect_read(text, std::string{text});
  }
}

TEST(ValueText, StrIsWhatFollowsWhateverItLooksLike) {
  expect_read("str:text", "text");
  expect_read("str:", "");
  expect_read("str:int:42", "int:42");
  expect_read("str:str:", "str:");
}

TEST(ValueText, IntIsAWholeNumberOf64Bits) {
  expect_read("int:0", std::int64_t{0});
  expect_read("int:-42", std::int64_t{-42});
  expect_read("int:9223372036854775807", std::numeric_limits<std::int64_t>::max());
  expect_read("int:-9223372036854775808", std::numeric_limits<std::int64_t>::min());
}

TEST(ValueText, IntIsNothingElse) {
  for (const char* text : {"int:", "int:x", "int:1x", "int: 1", "int:1 ", "int:+1", "int:1.0",
                           "int:0x10", "int:9223372036854775808", "int:-9223372036854775809"}) {
    expect_refused(text);
  }
}

TEST(ValueText, FloatIsADecimalNumber) {
  expect_read("float:1.5", 1.5);
  expect_read("float:-2", -2.0);
  expect_read("float:1e-7", 1e-7);
  expect_read("float:inf", std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(std::get<double>(*value_from_text("float:nan"))));
  EXPECT_TRUE(std::signbit(std::get<double>(*value_from_text("float:-0"))));
}

TEST(ValueText, FloatIsNothingElse) {
  for (const char* text :
       {"float:", "float:x", "float:1.5x", "float: 1", "float:1,5", "float:1e999"}) {
    expect_refused(text);
  }
}

TEST(ValueText, BoolIsTrueOrFalse) {
  expect_read("bool:true", true);
  expect_read("bool:false", false);
  for (const char* text : {"bool:", "bool:1", "bool:TRUE", "bool:true ", "bool:yes"}) {
    expect_refused(text);
  }
}

TEST(ValueText, HexIsBytes) {
  expect_read("hex:", Binary{""});
  expect_read("hex:00ff", Binary{{"\0\xff", 2}});
  expect_read("hex:DEADbeef", Binary{"\xde\xad\xbe\xef"});
  for (const char* text : {"hex:0", "hex:0g", "hex:00 ff", "hex:0x00"}) expect_refused(text);
}

TEST(ValueText, IsPrintedWithoutItsType) {
  EXPECT_EQ(to_text(Value{"text"}), "text");
  EXPECT_EQ(to_text(Value{""}), "");
  EXPECT_EQ(to_text(Value{std::int64_t{-42}}), "-42");
  EXPECT_EQ(to_text(Value{true}), "true");
  EXPECT_EQ(to_text(Value{false}), "false");
}

TEST(ValueText, AbsenceIsPrintedAsNil) { EXPECT_EQ(to_text(std::nullopt), "(nil)"); }

TEST(ValueText, BytesArePrintedAsTheyAreTyped) {
  EXPECT_EQ(to_text(Value{Binary{{"\0\xff\n", 3}}}), "hex:00ff0a");
  EXPECT_EQ(to_text(Value{Binary{""}}), "hex:");
}

TEST(ValueText, AFloatIsPrintedAsShortAsItReadsBack) {
  EXPECT_EQ(to_text(Value{0.1}), "0.1");
  EXPECT_EQ(to_text(Value{-0.0}), "-0");
  for (const double number : {1.0 / 3, 1e300, -std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::denorm_min()}) {
    const auto back = value_from_text("float:" + to_text(Value{number}));
    ASSERT_TRUE(back);
    EXPECT_EQ(std::get<double>(*back), number);
  }
}

TEST(ValueText, ControlCharactersAreEscapedAndNothingElse) {
  EXPECT_EQ(escaped_controls(""), "");
  EXPECT_EQ(escaped_controls("plain \\ \xc3\xbc \xe2\x82\xac"), "plain \\ \xc3\xbc \xe2\x82\xac");
  EXPECT_EQ(escaped_controls("\x1b[31mred\n\t\x7f"), R"(\x1b[31mred\x0a\x09\x7f)");
  EXPECT_EQ(escaped_controls("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
            "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");
  EXPECT_EQ(escaped_controls("\xc2"), "\xc2");
}

}  // namespace
}  // namespace kv
