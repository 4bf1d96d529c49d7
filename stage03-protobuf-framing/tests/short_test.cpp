#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

const wire::MaybeValue none;

class Short : public testing::Test {
 protected:
  ServerProcess server_{ServerProcess::Options{.program = KV_NAIVE "/short"}};
  FrameClient client_{server_.port()};
};

TEST_F(Short, AnswersItsFiveCommands) {
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(client_.answers(wire::ping("hello"), {200, "hello"}));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", 1), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", "text"), wire::ok({1})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({"text"})));
  EXPECT_TRUE(client_.answers(wire::hgetall("t"), wire::ok_pairs({{"k", "text"}})));
  EXPECT_TRUE(client_.answers(wire::hdel("t", "k"), wire::ok({"text"})));
  EXPECT_TRUE(client_.answers(wire::hdel("t", "k"), wire::ok({none})));
  EXPECT_TRUE(client_.refuses(wire::hget("t", "k"), 404));
  EXPECT_TRUE(client_.refuses(wire::hlen("t"), 400));
}

TEST_F(Short, ServesASecondClientWhileTheFirstIsInTheMiddleOfAFrame) {
  client_.send_raw(wire::frame(wire::ping()).substr(0, 5));
  FrameClient second{server_.port()};
  EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
  client_.send_raw(wire::frame(wire::ping()).substr(5));
  EXPECT_TRUE(client_.receives({200, "PONG"}));
}

TEST_F(Short, AnswersInTheOrderOfTheRequests) {
  std::vector<std::string> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(wire::ping("ping " + std::to_string(i)));
  const auto answers = client_.ask_all(requests);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answers.at(static_cast<std::size_t>(i)).message, "ping " + std::to_string(i));
  }
}

TEST_F(Short, ALengthOverTheLimitEndsTheConnection) {
  client_.send_raw("\xff\xff\xff\xff");
  EXPECT_TRUE(client_.closed_within(10s));
  EXPECT_TRUE(FrameClient{server_.port()}.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
