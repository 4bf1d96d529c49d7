// What "listening on" promises, from stage 3 on: a connection now will be answered.

#include "fixtures/frame_client.hpp"
#include "fixtures/wire.hpp"
#include "listening.hpp"

namespace kv::test {
namespace {

bool answers_frames(std::uint16_t port) {
  return bool{FrameClient{port}.answers(wire::ping(), {200, "PONG"})};
}

TEST(Listening, MeansAnAnswerHoweverFewDescriptorsThereAre) {
  expect_an_answer_or_no_start({"--threads", "2"}, answers_frames);
}
TEST(ListeningThreads, WithoutAThreadItDoesNotStart) {
  EXPECT_FALSE(starts(no_threads, {}, answers_frames));
}

}  // namespace
}  // namespace kv::test
