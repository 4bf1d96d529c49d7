#include "client/answer_json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace kv {
namespace {

/// The value alone, out of an answer with nothing else in it.
std::string json_of(const std::optional<Value>& value) {
  const std::string before = R"({"status":200,"message":"","values":[)", after = R"(],"pairs":[]})";
  const auto all = to_json(Response{.values = {value}});
  EXPECT_TRUE(all.starts_with(before) && all.ends_with(after)) << all;
  return all.substr(before.size(), all.size() - before.size() - after.size());
}

TEST(AnswerJson, HasAlwaysTheSameMembers) {
  EXPECT_EQ(to_json(Response{.message = "PONG"}),
            R"({"status":200,"message":"PONG","values":[],"pairs":[]})");
  EXPECT_EQ(to_json(Response{.values = {"a", std::nullopt, true}}),
            R"({"status":200,"message":"","values":["a",null,true],"pairs":[]})");
  EXPECT_EQ(to_json(Response{.pairs = {{"k", "v"}, {"k", std::nullopt}}}),
            R"({"status":200,"message":"","values":[],)"
            R"("pairs":[{"key":"k","value":"v"},{"key":"k","value":null}]})");
  EXPECT_EQ(to_json(Error{Status::not_found, "no 'k'"}),
            R"({"status":404,"message":"no 'k'","values":[],"pairs":[]})");
}

TEST(AnswerJson, AStringIsAString) {
  EXPECT_EQ(json_of(""), R"("")");
  EXPECT_EQ(json_of("(nil)"), "\"(nil)\"");
  EXPECT_EQ(json_of("a \"b\" \\ /"), R"("a \"b\" \\ /")");
  EXPECT_EQ(json_of("\n\t\x1b\x7f"), R"("\u000a\u0009\u001b\u007f")");
  EXPECT_EQ(json_of("\xc2\x80\xc2\x9b\xc2\xa0\xc2"), "\"\\u0080\\u009b\xc2\xa0\xc2\"");
  EXPECT_EQ(json_of(std::string{"a\0b", 3}), R"("a\u0000b")");
  EXPECT_EQ(json_of("\xc3\xbc\xf0\x9f\x98\x80"), "\"\xc3\xbc\xf0\x9f\x98\x80\"");
}

TEST(AnswerJson, AnIntegerIsANumberWhileReadersKeepItExact) {
  constexpr std::int64_t edge = std::int64_t{1} << 53;
  EXPECT_EQ(json_of(std::int64_t{0}), "0");
  EXPECT_EQ(json_of(edge), "9007199254740992");
  EXPECT_EQ(json_of(-edge), "-9007199254740992");
  EXPECT_EQ(json_of(edge + 1), R"({"int":"9007199254740993"})");
  EXPECT_EQ(json_of(-edge - 1), R"({"int":"-9007199254740993"})");
  EXPECT_EQ(json_of(std::numeric_limits<std::int64_t>::min()), R"({"int":"-9223372036854775808"})");
}

TEST(AnswerJson, AFloatHasAPointOrAnExponent) {
  EXPECT_EQ(json_of(7.0), "7.0");
  EXPECT_EQ(json_of(-0.0), "-0.0");
  EXPECT_EQ(json_of(0.1), "0.1");
  EXPECT_EQ(json_of(1e300), "1e+300");
  EXPECT_EQ(json_of(-2.5e-7), "-2.5e-07");
}

TEST(AnswerJson, WhatJsonDoesNotHaveNamesItsType) {
  EXPECT_EQ(json_of(Binary{{"\0\xff", 2}}), R"({"hex":"00ff"})");
  EXPECT_EQ(json_of(Binary{}), R"({"hex":""})");
  EXPECT_EQ(json_of(std::numeric_limits<double>::quiet_NaN()), R"({"float":"nan"})");
  EXPECT_EQ(json_of(-std::numeric_limits<double>::quiet_NaN()), R"({"float":"nan"})");
  EXPECT_EQ(json_of(std::numeric_limits<double>::infinity()), R"({"float":"inf"})");
  EXPECT_EQ(json_of(-std::numeric_limits<double>::infinity()), R"({"float":"-inf"})");
}

}  // namespace
}  // namespace kv
