// HKEYS, of a server that runs: field 64 of CommandRequest, a message with the table's name as
// field 1.

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using testing::UnorderedElementsAre;
using wire::MaybeValue;

std::string hkeys(std::string_view table) {
  return wire::bytes_field(64, table.empty() ? "" : wire::bytes_field(1, table));
}

class Hkeys : public testing::Test {
 protected:
  ServerProcess server_;
  FrameClient client_{server_.port()};
};

TEST_F(Hkeys, AnswersTheKeysOfATableAsTexts) {
  (void)client_.ask(wire::hmset("t", {{"a", 1}, {"b", "text"}, {"c", true}}));
  (void)client_.ask(wire::hset("other", "d", 1));
  const auto answer = client_.ask(hkeys("t"));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_THAT(answer.values,
              UnorderedElementsAre(MaybeValue{"a"}, MaybeValue{"b"}, MaybeValue{"c"}));
  EXPECT_TRUE(answer.pairs.empty());
}

TEST_F(Hkeys, OfATableThatIsNotThereThereAreNone) {
  EXPECT_TRUE(client_.answers(hkeys("t"), wire::ok()));
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({0})));
}

TEST_F(Hkeys, WithoutATableIsNoCommand) { EXPECT_TRUE(client_.refuses(hkeys(""), 400)); }

TEST_F(Hkeys, ATableNameOverItsLimitIsRefused) {
  EXPECT_TRUE(client_.refuses(hkeys(std::string(1025, 't')), 413));
}

}  // namespace
}  // namespace kv::test
