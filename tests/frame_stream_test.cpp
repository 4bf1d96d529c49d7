// Frames are a stream: how the bytes are cut into pieces on their way means nothing.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

std::vector<std::string> numbered_pings(int count) {
  std::vector<std::string> requests;
  for (int i = 0; i < count; ++i) requests.push_back(wire::ping(std::to_string(i)));
  return requests;
}

std::string frames_of(const std::vector<std::string>& requests) {
  std::string bytes;
  for (const std::string& request : requests) bytes += wire::frame(request);
  return bytes;
}

TEST(FrameStream, OneByteAtATime) {
  ServerProcess server;
  FrameClient client{server.port()};
  client.socket().send_one_at_a_time(
      frames_of({wire::hset("t", "k", std::string(500, 'v')), wire::hget("t", "k"), wire::ping()}));
  EXPECT_TRUE(client.receives(wire::ok({std::nullopt})));
  EXPECT_TRUE(client.receives(wire::ok({std::string(500, 'v')})));
  EXPECT_TRUE(client.receives({200, "PONG"}));
}

TEST(FrameStream, TwoFramesSplitAtEveryByte) {
  ServerProcess server{{"--threads", "1"}};
  FrameClient client{server.port()};
  FrameClient other{server.port()};
  const std::string bytes = frames_of({wire::hset("t", "k", 1), wire::hget("t", "k")});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    client.send_raw(bytes.substr(0, cut));
    // The one thread has read the first piece by the time that it answers here.
    ASSERT_TRUE(other.answers(wire::ping(), {200, "PONG"}));
    client.send_raw(bytes.substr(cut));
    EXPECT_EQ(client.receive_response().status, 200u) << "cut at " << cut;
    EXPECT_TRUE(client.receives(wire::ok({1}))) << "cut at " << cut;
  }
}

TEST(FrameStream, AFrameIsAnsweredAlthoughTheNextOneIsIncomplete) {
  ServerProcess server;
  FrameClient client{server.port()};
  const std::string next = wire::frame(wire::ping("next"));
  for (std::size_t cut = 1; cut < next.size(); ++cut) {
    client.send_raw(wire::frame(wire::ping("first")) + next.substr(0, cut));
    EXPECT_TRUE(client.receives({200, "first"})) << "cut at " << cut;
    client.send_raw(next.substr(cut));
    EXPECT_TRUE(client.receives({200, "next"})) << "cut at " << cut;
  }
}

TEST(FrameStream, ManyFramesInOnePieceAreAnsweredInOrder) {
  constexpr int kRequests = 4'000;
  ServerProcess server;
  FrameClient client{server.port()};
  client.send_raw(frames_of(numbered_pings(kRequests)));
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(client.receives({200, std::to_string(i)}));
}

TEST(FrameStream, PipelinedCommandsActInOrder) {
  constexpr int kRequests = 4'000;
  ServerProcess server;
  FrameClient client{server.port()};
  std::vector<std::string> requests;
  for (int i = 0; i < kRequests; ++i) requests.push_back(wire::hset("t", "k", i));
  const auto answers = client.ask_all(requests);
  ASSERT_EQ(answers[0], wire::ok({std::nullopt}));
  for (int i = 1; i < kRequests; ++i) {
    ASSERT_EQ(answers[static_cast<std::size_t>(i)], wire::ok({i - 1}));
  }
}

TEST(FrameStream, BigAndSmallAnswersKeepTheirOrder) {
  ServerProcess server;
  FrameClient client{server.port()};
  const std::string big(1 << 20, 'b');
  ASSERT_TRUE(client.answers(wire::hset("t", "big", big), wire::ok({std::nullopt})));
  std::vector<std::string> requests;
  for (int i = 0; i < 40; ++i) {
    requests.push_back(wire::hget("t", "big"));
    requests.push_back(wire::ping(std::to_string(i)));
  }
  const auto answers = client.ask_all(requests);
  for (std::size_t i = 0; i < answers.size(); i += 2) {
    ASSERT_EQ(answers[i], wire::ok({big}));
    ASSERT_EQ(answers[i + 1], (wire::Response{200, std::to_string(i / 2)}));
  }
}

TEST(FrameStream, WhatWasSentBeforeAHalfCloseIsAnswered) {
  constexpr int kRequests = 1'000;
  ServerProcess server;
  // Several times: an end that overtakes the requests loses them only now and then.
  for (int round = 0; round < 10; ++round) {
    FrameClient client{server.port()};
    client.send_raw(frames_of(numbered_pings(kRequests)));
    client.socket().half_close();
    for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(client.receives({200, std::to_string(i)}));
    EXPECT_TRUE(client.closed_within(5s));
  }
  figure("answered_of_1000", kRequests);
}

TEST(FrameStream, BigAnswersAreAllGivenAfterAHalfClose) {
  constexpr int kRequests = 50;
  ServerProcess server;
  FrameClient client{server.port()};
  const std::string big(1 << 20, 'b');
  ASSERT_TRUE(client.answers(wire::hset("t", "k", big), wire::ok({std::nullopt})));
  client.send_raw(frames_of(std::vector<std::string>(kRequests, wire::hget("t", "k"))));
  client.socket().half_close();
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(client.receives(wire::ok({big}))) << i;
  EXPECT_TRUE(client.closed_within(5s));
}

TEST(FrameStream, AHalfCloseInMidFrameEndsTheConnection) {
  ServerProcess server;
  const std::string frame = wire::frame(wire::ping("never finished"));
  for (const std::size_t cut : {std::size_t{1}, std::size_t{4}, frame.size() - 1}) {
    FrameClient client{server.port()};
    client.send_raw(wire::frame(wire::ping()) + frame.substr(0, cut));
    client.socket().half_close();
    EXPECT_TRUE(client.receives({200, "PONG"}));
    EXPECT_TRUE(client.closed_within(5s)) << "cut at " << cut;
  }
}

TEST(FrameStream, ClientsThatLeaveInMidFrameLeaveNothingBehind) {
  ServerProcess server{{"--max-connections", "8"}};
  const std::string request = wire::frame(wire::hset("t", "k", 1));
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    FrameClient closing{server.port()};
    closing.send_raw(request.substr(0, cut));
    FrameClient resetting{server.port()};
    resetting.send_raw(request.substr(0, cut));
    resetting.socket().reset();
    // Both leave the server's count sooner or later, or the next ones find it full.
    ASSERT_TRUE(served_within(server.port(), 10s)) << "cut at " << cut;
  }
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({0})));
}

TEST(FrameStream, AClientThatLeavesWithAnswersUnreadHarmsNobody) {
  ServerProcess server;
  FrameClient witness{server.port()};
  const std::string big(1 << 20, 'b');
  ASSERT_TRUE(witness.answers(wire::hset("t", "k", big), wire::ok({std::nullopt})));
  const std::string requests = frames_of(std::vector<std::string>(50, wire::hget("t", "k")));
  for (int i = 0; i < 10; ++i) {
    FrameClient leaving{server.port()};
    leaving.send_raw(requests);
    leaving.receive_frame();
    if (i % 2 == 0) leaving.socket().reset();
  }
  EXPECT_TRUE(witness.answers(wire::hget("t", "k"), wire::ok({big})));
}

}  // namespace
}  // namespace kv::test
