#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

const wire::MaybeValue none;

/// How often each thread of a process has begun to run.
std::map<std::string, long> runs_of_threads(pid_t process) {
  std::map<std::string, long> runs;
  for (const auto& thread :
       std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task"}) {
    std::ifstream status{thread.path() / "status"};
    for (std::string word; status >> word;) {
      long count = 0;
      if (word.ends_with("_ctxt_switches:") && status >> count)
        runs[thread.path().filename()] += count;
    }
  }
  return runs;
}

/// The thread of the server that runs most while this client asks.
std::string thread_of(FrameClient& client, const ServerProcess& server) {
  const auto before = runs_of_threads(server.pid());
  for (int i = 0; i < 300; ++i) EXPECT_EQ(client.ask(wire::ping()).status, 200u);
  auto runs = runs_of_threads(server.pid());
  for (const auto& [thread, count] : before) runs[thread] -= count;
  return std::ranges::max_element(runs, {}, &std::pair<const std::string, long>::second)->first;
}

TEST(Server, AnswersOverFrames) {
  ServerProcess server;
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(client.answers(wire::hset("t", "k", 1), wire::ok({none})));
  EXPECT_TRUE(client.answers(wire::hset("t", "k", "text"), wire::ok({1})));
  EXPECT_TRUE(client.answers(wire::hget("t", "k"), wire::ok({"text"})));
  EXPECT_TRUE(client.refuses(wire::hget("t", "x"), 404));
}

TEST(Server, AnswersInTheOrderOfTheRequests) {
  ServerProcess server;
  FrameClient client{server.port()};
  std::vector<std::string> requests;
  for (int i = 0; i < 1'000; ++i) requests.push_back(wire::ping("ping " + std::to_string(i)));
  const auto answers = client.ask_all(requests);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(answers.at(static_cast<std::size_t>(i)).message, "ping " + std::to_string(i));
  }
}

TEST(Server, OneThreadServesManyClients) {
  ServerProcess server{{"--threads", "1"}};
  EXPECT_EQ(FrameClient{server.port()}.ask(wire::ping()).status, 200u);  // all threads run
  const auto threads = server.threads();
  std::vector<FrameClient> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(server.port());
  for (auto& client : clients) client.send_raw(wire::frame(wire::ping()).substr(0, 5));
  for (auto& client : clients) {
    client.send_raw(wire::frame(wire::ping()).substr(5));
    EXPECT_TRUE(client.receives({200, "PONG"}));
  }
  EXPECT_EQ(server.threads(), threads) << "fifty clients more";
}

TEST(Server, GivesItsClientsToItsThreadsInTurn) {
  ServerProcess server{{"--threads", "2"}};
  FrameClient first{server.port()}, second{server.port()}, third{server.port()};
  const auto of_first = thread_of(first, server);
  EXPECT_NE(thread_of(second, server), of_first);
  EXPECT_EQ(thread_of(third, server), of_first);
}

TEST(Server, AMessageThatIsNoneIsAnErrorAndTheConnectionGoesOn) {
  ServerProcess server;
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses("", 400));
  EXPECT_TRUE(client.refuses("\xff", 400));
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
}

TEST(Server, AFrameOverTheLimitIsToldAndTheConnectionClosed) {
  ServerProcess server{{"--max-frame", "1024"}};
  FrameClient client{server.port()};
  client.send_frame(std::string(1025, 'x'));
  EXPECT_TRUE(client.receives_error(413));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST(Server, AnswersWhatWasSentBeforeAHalfClose) {
  ServerProcess server;
  FrameClient client{server.port()};
  for (int i = 0; i < 100; ++i) client.send_frame(wire::hset("t", "k", i));
  client.socket().half_close();
  EXPECT_TRUE(client.receives(wire::ok({none})));
  for (int i = 1; i < 100; ++i) EXPECT_TRUE(client.receives(wire::ok({i - 1})));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST(Server, EndsAfterAnsweringWhatItHasReceived) {
  ServerProcess server;
  FrameClient idle{server.port()};
  EXPECT_TRUE(idle.answers(wire::ping(), {200, "PONG"}));
  FrameClient busy{server.port()};
  EXPECT_TRUE(busy.answers(wire::ping(), {200, "PONG"}));
  busy.send_frame(wire::ping("last"));
  server.terminate();
  EXPECT_TRUE(busy.receives({200, "last"}));
  EXPECT_TRUE(idle.closed_within(4s)) << "long before it is made to end, after 5 s";
  EXPECT_EQ(server.wait(), 0);
}

TEST(Server, ClosesAClientThatIsIdleForTooLong) {
  ServerProcess server{{"--idle-timeout", "0.05"}};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.closed_within(10s));
}

TEST(Server, TellsAClientWhoseFrameDoesNotEndInTime) {
  ServerProcess server{{"--frame-timeout", "0.05"}};
  FrameClient client{server.port()};
  client.send_raw(wire::frame(wire::ping()).substr(0, 5));
  EXPECT_TRUE(client.receives_error(408));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST(Server, TellsOneClientTooManyThatItIs) {
  ServerProcess server{{"--max-connections", "1"}};
  FrameClient first{server.port()};
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
  FrameClient second{server.port()};
  EXPECT_TRUE(second.receives_error(503));
  EXPECT_TRUE(second.closed_within(10s));
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
