#include "wire/words.hpp"

#include <gmock/gmock.h>

namespace kv {
namespace {

using testing::ElementsAre;

TEST(Words, AreSplitAtWhiteSpace) {
  EXPECT_THAT(*split_words("  hset t\tkey value \r"), ElementsAre("hset", "t", "key", "value"));
  EXPECT_TRUE(split_words("")->empty());
  EXPECT_TRUE(split_words(" \t ")->empty());
}

TEST(Words, MayBeQuoted) {
  EXPECT_THAT(*split_words(R"("a b" 'c d' "" '')"), ElementsAre("a b", "c d", "", ""));
  EXPECT_THAT(*split_words(R"("\x41\n\t\"\\" 'it\'s \n')"), ElementsAre("A\n\t\"\\", "it's \\n"));
  EXPECT_THAT(*split_words(R"("\xzz")"), ElementsAre("xzz"));
}

TEST(Words, AQuoteThatIsNotClosedIsRefused) {
  EXPECT_FALSE(split_words("\"a"));
  EXPECT_FALSE(split_words("'a"));
  EXPECT_FALSE(split_words("\"a\"b"));
  EXPECT_FALSE(split_words("\"a\\"));
  EXPECT_FALSE(split_words("\"a\\\""));
}

}  // namespace
}  // namespace kv
