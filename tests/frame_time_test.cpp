// Time: clients that do nothing, clients that are slow, and the end of a server.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

std::string frames_of(const std::string& request, int times) {
  std::string bytes;
  for (int i = 0; i < times; ++i) bytes += wire::frame(request);
  return bytes;
}

TEST(FrameTimeouts, AnIdleConnectionIsClosed) {
  ServerProcess server{{"--idle-timeout", "0.2"}};
  const auto start = Clock::now();
  FrameClient never_spoke{server.port()};
  FrameClient spoke{server.port()};
  EXPECT_TRUE(spoke.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(spoke.closed_within(10s));
  EXPECT_TRUE(never_spoke.closed_within(10s));
  EXPECT_GE(since(start), 190ms) << "both had 0.2 s";
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::ping(), {200, "PONG"}));
}

TEST(FrameTimeouts, AConnectionInUseIsNotClosed) {
  ServerProcess server{{"--idle-timeout", "0.8"}};
  FrameClient client{server.port()};
  for (const auto start = Clock::now(); since(start) < 1'700ms;) {
    EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
    ASSERT_FALSE(client.socket().readable_within(50ms))
        << "closed after " << since(start).count() << " ms";
  }
}

TEST(FrameTimeouts, AnIdleTimeoutOfZeroIsNone) {
  ServerProcess server{{"--idle-timeout", "0"}};
  FrameClient client{server.port()};
  EXPECT_FALSE(client.socket().readable_within(500ms));
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
}

TEST(FrameTimeouts, AFrameThatDoesNotEndIs408AndTheEndOfTheConnection) {
  ServerProcess server{{"--frame-timeout", "0.2"}};
  const std::string frame = wire::frame(wire::ping("never finished"));
  for (const std::size_t cut : {std::size_t{1}, std::size_t{4}, frame.size() - 1}) {
    FrameClient client{server.port()};
    const auto start = Clock::now();
    client.send_raw(wire::frame(wire::ping()) + frame.substr(0, cut));
    EXPECT_TRUE(client.receives({200, "PONG"}));
    EXPECT_TRUE(client.receives_error(408)) << "cut at " << cut;
    EXPECT_GE(since(start), 190ms);
    EXPECT_TRUE(client.closed_within(10s));
  }
}

TEST(FrameTimeouts, BytesThatTrickleInWinNoTime) {
  ServerProcess server{{"--frame-timeout", "0.3"}};
  FrameClient client{server.port()};
  const std::string frame = wire::frame(wire::ping(std::string(1'000, 'm')));
  const auto start = Clock::now();
  std::size_t sent = 0;
  do {
    ASSERT_LT(since(start), 10s) << "still not ended after " << sent << " bytes";
    client.send_raw(frame.substr(sent++, 1));
  } while (!client.socket().readable_within(20ms));
  EXPECT_TRUE(client.receives_error(408));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST(FrameTimeouts, AClientThatGoesOnSendingIsClosedAllTheSame) {
  const ServerProcess server;
  FrameClient client{server.port()};
  const auto start = Clock::now();
  client.send_raw("\xff\xff\xff\xff");
  EXPECT_TRUE(client.receives_error(413));
  const std::string more(64 * 1024, 'x');
  const auto closed = [&] {
    try {
      client.socket().send_some(more);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  };
  while (!closed()) ASSERT_LT(since(start), 9s) << "one second is what it has";
  EXPECT_GT(since(start), 900ms) << "and it has that";
}

TEST(FrameTimeouts, ASlowFrameThatEndsInTimeIsAnswered) {
  ServerProcess server{{"--frame-timeout", "5", "--idle-timeout", "0.2"}};
  FrameClient client{server.port()};
  const std::string frame = wire::frame(wire::ping("slow"));
  client.send_raw(frame.substr(0, 6));
  EXPECT_FALSE(client.socket().readable_within(500ms)) << "a connection in mid-frame is not idle";
  client.send_raw(frame.substr(6));
  EXPECT_TRUE(client.receives({200, "slow"}));
}

TEST(FrameTimeouts, NoTimeRunsOutWhileFramesKeepComing) {
  ServerProcess server{{"--frame-timeout", "0.8"}};
  FrameClient client{server.port()};
  const std::string frame = wire::frame(wire::ping("next"));
  client.send_raw(frame.substr(0, 5));
  // There is always a frame begun, and never one that takes long.
  for (const auto start = Clock::now(); since(start) < 1'700ms;) {
    client.send_raw(frame.substr(5) + frame.substr(0, 5));
    ASSERT_TRUE(client.receives({200, "next"}));
    ASSERT_FALSE(client.socket().readable_within(20ms));
  }
}

TEST(FrameTimeouts, WhatWasReceivedBeforeTheSignalIsAnswered) {
  constexpr int kRequests = 1'000;
  for (const bool terminate : {true, false}) {
    ServerProcess server;
    FrameClient idle{server.port()};
    EXPECT_TRUE(idle.answers(wire::ping(), {200, "PONG"}));
    FrameClient client{server.port()};
    EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
    client.send_raw(frames_of(wire::ping("m"), kRequests));
    terminate ? server.terminate() : server.interrupt();
    for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(client.receives({200, "m"})) << "answer " << i;
    EXPECT_TRUE(client.closed_within(10s));
    EXPECT_TRUE(idle.closed_within(10s));
    EXPECT_EQ(server.wait(4s), 0);
  }
}

/// A server in its drain: told to end, while a client has yet to take big answers.
class Draining {
 public:
  static constexpr int requests = 20;  // more MiB than the kernel takes for a client

  /// One signal, or more that reach it at the same time.
  explicit Draining(const std::vector<int>& signals = {SIGTERM}) {
    EXPECT_TRUE(client.answers(wire::hset("t", "k", big), wire::ok({std::nullopt})));
    client.send_raw(frames_of(wire::hget("t", "k"), requests));
    EXPECT_TRUE(client.receives(wire::ok({big})));  // so the rest is under way as well
    ::kill(server.pid(), SIGSTOP);
    for (const int signal : signals) ::kill(server.pid(), signal);
    ::kill(server.pid(), SIGCONT);
  }

  bool refuses_connections() const {
    for (const auto start = Clock::now(); since(start) < 4s;) {
      try {
        const FrameClient late{server.port()};
      } catch (const std::runtime_error&) {
        return true;
      }
    }
    return false;
  }

  const std::string big = std::string(1 << 20, 'b');
  ServerProcess server;
  FrameClient client{server.port()};
};

TEST(FrameTimeouts, ADrainingServerAcceptsNobodyAndAnswersWhatItHas) {
  Draining draining;
  EXPECT_TRUE(draining.refuses_connections());
  EXPECT_TRUE(draining.server.running()) << "it still owes answers";
  for (int i = 1; i < Draining::requests; ++i) {
    ASSERT_TRUE(draining.client.receives(wire::ok({draining.big}))) << i;
  }
  EXPECT_TRUE(draining.client.closed_within(10s));
  EXPECT_EQ(draining.server.wait(4s), 0);
}

TEST(FrameTimeouts, ASecondSignalEndsADrainAtOnce) {
  for (const bool terminate : {true, false}) {
    Draining draining;
    ASSERT_TRUE(draining.refuses_connections());
    ASSERT_TRUE(draining.server.running());
    const auto start = Clock::now();
    terminate ? draining.server.terminate() : draining.server.interrupt();
    EXPECT_EQ(draining.server.wait(4s), 0);
    EXPECT_LT(since(start), 2s);
  }
}

TEST(FrameTimeouts, ASecondSignalThatComesWithTheFirstEndsADrainAtOnce) {
  Draining draining{{SIGTERM, SIGINT}};
  const auto start = Clock::now();
  EXPECT_EQ(draining.server.wait(9s), 0);
  EXPECT_LT(since(start), 2s);
}

TEST(FrameTimeouts, ADrainEndsAfterFiveSeconds) {
  Draining draining;
  const auto start = Clock::now();
  EXPECT_EQ(draining.server.wait(9s), 0) << "the client never takes its answers";
  EXPECT_GT(since(start), 4s);
}

TEST(FrameTimeouts, AFrameBegunDoesNotHoldUpTheEnd) {
  ServerProcess server;
  FrameClient client{server.port()};
  client.send_raw(wire::frame(wire::ping()) + wire::frame(wire::ping("cut")).substr(0, 6));
  EXPECT_TRUE(client.receives({200, "PONG"}));
  server.terminate();
  EXPECT_TRUE(client.closed_within(9s));
  EXPECT_EQ(server.wait(9s), 0);
}

// When the drain is over, the rows have yet to be given back: of millions that takes a while.
TEST(FrameEnd, ASignalBehindTheDrainIsStatus0AsWell) {
  ServerProcess server;
  FrameClient client{server.port()};
  std::vector<wire::Pair> rows;
  for (int i = 0; i < 5'000; ++i) rows.push_back({std::to_string(i), "v"});
  for (int table = 0; table < 20; ++table) {
    ASSERT_EQ(client.ask(wire::hmset(std::to_string(table), rows)).status, 200u);
  }
  server.terminate();
  while (server.running() && server.threads() > 1) continue;  // these end first
  while (server.running()) server.terminate();
  EXPECT_EQ(server.wait(), 0);
}

TEST(FrameDescriptors, AServerWithoutDescriptorsWaitsQuietlyAndRecovers) {
  ServerProcess server{ServerProcess::Options{.before = {"prlimit", "--nofile=64"}}};
  {
    std::vector<FrameClient> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(server.port());
    EXPECT_TRUE(clients[0].answers(wire::ping(), {200, "PONG"}));
    EXPECT_TRUE(server.log_holds("the limit of open files is 64"));
    EXPECT_TRUE(clients[63].receives_error(503)) << "its place would be the last descriptor's";
    const double before = server.cpu_seconds();
    EXPECT_FALSE(clients[0].socket().readable_within(1s));
    figure("cpu_seconds_in_a_second", server.cpu_seconds() - before);
    EXPECT_LT(server.cpu_seconds() - before, 0.25) << "a busy loop";
    EXPECT_TRUE(clients[0].answers(wire::ping(), {200, "PONG"}));
  }
  EXPECT_TRUE(served_within(server.port(), 10s));
}

// Above, the server knew, and told those who were too many; here it runs out without having known.
TEST(FrameDescriptors, AServerWhoseDescriptorsRunOutWaitsQuietlyAndRecovers) {
  ServerProcess server;
  const rlimit few{64, 64};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  {
    std::vector<FrameClient> clients;
    for (int i = 0; i < 100; ++i) clients.emplace_back(server.port());
    EXPECT_TRUE(server.log_holds("cannot accept"));
    const double before = server.cpu_seconds();
    EXPECT_FALSE(clients[99].socket().readable_within(1s)) << "nobody is told what is not so";
    figure("cpu_seconds_in_a_second", server.cpu_seconds() - before);
    EXPECT_LT(server.cpu_seconds() - before, 0.25) << "a busy loop";
    EXPECT_TRUE(clients[0].answers(wire::ping(), {200, "PONG"}));
  }
  EXPECT_TRUE(served_within(server.port(), 10s));
}

TEST(FrameConnections, OneOverTheLimitGets503AndIsClosed) {
  ServerProcess server{{"--max-connections", "2"}};
  FrameClient first{server.port()};
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
  {
    FrameClient second{server.port()};
    EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
    for (int i = 0; i < 10; ++i) {
      FrameClient third{server.port()};
      EXPECT_TRUE(third.receives_error(503)) << "before it asks";
      EXPECT_TRUE(third.closed_within(10s));
    }
    EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
  }
  EXPECT_TRUE(served_within(server.port(), 10s)) << "the place of the one that left";
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
