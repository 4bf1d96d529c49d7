// The hooks around the commands of a session.

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>

#include "fixtures/frame_client.hpp"
#include "notes.hpp"
#include "running_server.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class SessionHooks : public testing::Test {
 protected:
  static Options with_frames_of(std::size_t bytes_max) {
    Options options;
    options.frame_bytes_max = bytes_max;
    return options;
  }

  Notes notes;
  HooksBuilder hooks;
};

TEST_F(SessionHooks, AreCalledAroundACommand) {
  add_notes(hooks, notes);
  RunningServer server{hooks};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::hget("t", "k"), 404));
  EXPECT_THAT(notes.wait_for(4),
              ElementsAre("received HGET", "executed HGET 404", "before_send 404", "after_send"));
}

TEST_F(SessionHooks, AreCalledAroundEveryCommand) {
  add_notes(hooks, notes);
  RunningServer server{hooks};
  const std::pair<std::string, std::string> requests[] = {
      {wire::ping(), "PING"},
      {wire::hget("t", "k"), "HGET"},
      {wire::hgetall("t"), "HGETALL"},
      {wire::hmget("t", {"k"}), "HMGET"},
      {wire::hset("t", "k", 1), "HSET"},
      {wire::hmset("t", {{"k", 1}}), "HMSET"},
      {wire::hdel("t", "k"), "HDEL"},
      {wire::hmdel("t", {"k"}), "HMDEL"},
      {wire::hexist("t", "k"), "HEXIST"},
      {wire::hmexist("t", {"k"}), "HMEXIST"},
      {wire::hlen("t"), "HLEN"},
      {wire::auth("token"), "AUTH"},
      {wire::info(), "INFO"},
      {wire::watch("t"), "WATCH"},  // the last one: after it, all are refused
  };
  FrameClient client{server.port()};
  std::size_t count = 0;
  for (const auto& [request, name] : requests) {
    const std::string status = " " + std::to_string(client.ask(request).status);
    count += 4;
    const auto all = notes.wait_for(count);
    ASSERT_EQ(all.size(), count) << name;
    EXPECT_THAT(std::vector(all.end() - 4, all.end()),
                ElementsAre("received " + name, "executed " + name + status, "before_send" + status,
                            "after_send"));
  }
}

TEST_F(SessionHooks, AreNotCalledForWhatIsNoCommand) {
  add_notes(hooks, notes);
  RunningServer server{hooks, with_frames_of(1024)};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses("", 400));
  EXPECT_TRUE(client.refuses(wire::hget("", "k"), 400));
  EXPECT_TRUE(client.refuses(std::string(1025, 'x'), 413));
  EXPECT_TRUE(client.closed_within(10s));
  EXPECT_THAT(notes.all(), IsEmpty());
}

TEST_F(SessionHooks, AnAnswerOfOneSkipsTheExecution) {
  add_notes(hooks, notes);
  add_refusal(hooks, "HSET", "not today");
  RunningServer server{hooks};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::hset("t", "k", 1), {403, "not today"}));
  EXPECT_THAT(notes.wait_for(3), ElementsAre("received HSET", "before_send 403", "after_send"));
  EXPECT_EQ(*server.storage().length("t"), 0u);
}

TEST_F(SessionHooks, MayAnswerWithSuccess) {
  hooks.on_received([](Exchange&, const Request&) { return Response{.values = {"cached"}}; });
  RunningServer server{hooks};
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hget("t", "k"), wire::ok({"cached"})));
}

TEST_F(SessionHooks, AWatchThatOneAnswersDoesNotBegin) {
  add_refusal(hooks, "WATCH", "no");
  RunningServer server{hooks};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::watch("t"), 403));
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(SessionHooks, DoNotAnswerWhereATableIsWatched) {
  hooks.on_received([](Exchange&, const Request& request) -> std::optional<Response> {
    if (name_of(request) == std::string{"WATCH"}) return std::nullopt;
    return Response{.pairs = {{"like", "an event"}}};
  });
  RunningServer server{hooks};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::watch("t"), wire::ok()));
  for (const auto& request : {wire::ping(), wire::info(), wire::auth("token")}) {
    EXPECT_TRUE(client.refuses(request, 400));
  }
}

TEST_F(SessionHooks, MayChangeTheResponseBeforeItIsSent) {
  hooks.on_before_send([](Exchange&, Response& response) { response.message += ", changed"; });
  RunningServer server{hooks};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG, changed"}));
  EXPECT_TRUE(client.answers(wire::ping("hi"), {200, "hi, changed"}));
}

TEST_F(SessionHooks, AResponseThatOneMakesTooLargeIsReplaced) {
  hooks.on_before_send([](Exchange&, Response& response) { response.message.append(1024, 'x'); });
  RunningServer server{hooks, with_frames_of(1024)};
  EXPECT_TRUE(FrameClient{server.port()}.refuses(wire::ping(), 413));
}

TEST_F(SessionHooks, AfterSendIsCalledWhenTheBytesAreWritten) {
  // More than the kernel takes for a client that does not read: the write can't end before it does.
  const std::string much(48 << 20, 'x');
  hooks.on_before_send([&](Exchange&, Response& response) { response.message = much; });
  hooks.on_after_send([this](Exchange&) { notes.add("after_send"); });
  RunningServer server{hooks, with_frames_of(64 << 20)};
  FrameClient client{server.port()};
  client.send_frame(wire::ping());
  ASSERT_TRUE(client.socket().readable_within(10s)) << "the write has begun";
  EXPECT_THAT(notes.all(), IsEmpty());
  EXPECT_EQ(client.receive_response().message.size(), much.size());
  EXPECT_THAT(notes.wait_for(1), ElementsAre("after_send"));
}

TEST_F(SessionHooks, AfterSendIsNotCalledForAClientThatLeft) {
  const std::string much(48 << 20, 'x');
  hooks.on_before_send([&](Exchange&, Response& response) { response.message = much; });
  hooks.on_after_send([this](Exchange&) { notes.add("after_send"); });
  RunningServer server{hooks, with_frames_of(64 << 20)};
  FrameClient client{server.port()};
  client.send_frame(wire::ping());
  ASSERT_TRUE(client.socket().readable_within(10s)) << "the write has begun";
  client.socket().reset();
  server.wait_for_connections(0);
  EXPECT_THAT(notes.all(), IsEmpty());
}

TEST_F(SessionHooks, AreCalledForPipelinedCommandsInTheirOrder) {
  hooks.on_received([this](Exchange&, const Request& request) -> std::optional<Response> {
    notes.add("received " + std::get<Ping>(request).message.value());
    return std::nullopt;
  });
  hooks.on_executed([this](Exchange&, const Request&, const Response& response) {
    notes.add("executed " + response.message);
  });
  RunningServer server{hooks};
  FrameClient client{server.port()};
  client.ask_all({wire::ping("a"), wire::ping("b"), wire::ping("c")});
  EXPECT_THAT(notes.all(), ElementsAre("received a", "executed a", "received b", "executed b",
                                       "received c", "executed c"));
}

TEST_F(SessionHooks, AreCalledOnceForEachOfManyPipelinedCommands) {
  add_notes(hooks, notes);
  RunningServer server{hooks};
  FrameClient client{server.port()};
  client.ask_all(std::vector<std::string>(100, wire::ping()));
  const auto all = notes.wait_for(400);
  for (const char* note : {"received PING", "executed PING 200", "before_send 200", "after_send"}) {
    EXPECT_EQ(std::ranges::count(all, note), 100) << note;
  }
}

TEST_F(SessionHooks, MayCloseTheConnectionAfterTheAnswer) {
  add_notes(hooks, notes);
  hooks.on_received([](Exchange& exchange, const Request& request) -> std::optional<Response> {
    exchange.connection.close = name_of(request) == std::string{"HLEN"};
    return std::nullopt;
  });
  RunningServer server{hooks};
  FrameClient client{server.port()};
  client.send_raw(wire::frame(wire::ping()) + wire::frame(wire::hlen("t")) +
                  wire::frame(wire::hset("t", "k", 1)));
  EXPECT_TRUE(client.receives({200, "PONG"}));
  EXPECT_TRUE(client.receives(wire::ok({0})));
  EXPECT_TRUE(client.closed_within(10s));
  EXPECT_EQ(*server.storage().length("t"), 0u) << "what came behind is not executed";
}

TEST_F(SessionHooks, KnowTheirConnectionAndWhatTheyKeptAboutIt) {
  hooks.on_received([this](Exchange& exchange, const Request&) -> std::optional<Response> {
    notes.add(exchange.connection.peer);
    return Response{.message = std::to_string(++exchange.connection.wrong_tokens)};
  });
  RunningServer server{hooks};
  FrameClient first{server.port()};
  FrameClient second{server.port()};
  EXPECT_TRUE(first.answers(wire::ping(), {200, "1"}));
  EXPECT_TRUE(first.answers(wire::ping(), {200, "2"}));
  EXPECT_TRUE(second.answers(wire::ping(), {200, "1"}));
  const auto peers = notes.all();
  EXPECT_THAT(peers[0], StartsWith("127.0.0.1:"));
  EXPECT_EQ(peers[0], peers[1]);
  EXPECT_NE(peers[0], peers[2]);
}

TEST_F(SessionHooks, OneThatThrowsCostsItsConnectionAndNoMore) {
  hooks.on_received([](Exchange&, const Request& request) -> std::optional<Response> {
    if (name_of(request) == std::string{"HLEN"}) throw std::runtime_error{"a hook went wrong"};
    return std::nullopt;
  });
  RunningServer server{hooks};
  FrameClient first{server.port()};
  FrameClient second{server.port()};
  EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
  first.send_frame(wire::hlen("t"));
  EXPECT_TRUE(first.closed_within(10s));
  EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
}

}  // namespace
}  // namespace kv::test
