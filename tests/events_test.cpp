// What hooks add to a server (from stage 4): authentication, read-only mode, figures, the slow log,
// and how long a command took.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr std::nullopt_t none = std::nullopt;

struct Case {
  std::string what;
  std::string request;
};

std::vector<Case> writes() {
  return {
      {"HSET", wire::hset("t", "k", 2)},
      {"HMSET", wire::hmset("t", {{"k", 2}, {"l", 3}})},
      {"HDEL", wire::hdel("t", "k")},
      {"HMDEL", wire::hmdel("t", {"k"})},
  };
}

std::vector<Case> reads() {
  return {
      {"PING", wire::ping()},
      {"HGET", wire::hget("t", "k")},
      {"HGETALL", wire::hgetall("t")},
      {"HMGET", wire::hmget("t", {"k"})},
      {"HEXIST", wire::hexist("t", "k")},
      {"HMEXIST", wire::hmexist("t", {"k"})},
      {"HLEN", wire::hlen("t")},
      {"INFO", wire::info()},
  };
}

class EventsAuth : public testing::Test {
 protected:
  /// A server whose token file holds `content`.
  std::vector<std::string> token_file(const std::string& content) const {
    const std::string name = (folder_.path() / "token").string();
    std::ofstream{name, std::ios::binary} << content;
    return {"--auth-token-file", name};
  }

 private:
  TempFolder folder_;
};

TEST_F(EventsAuth, EveryCommandBeforeItIs401) {
  ServerProcess server{token_file("secret")};
  FrameClient client{server.port()};
  for (const auto& commands : {reads(), writes(), {{"WATCH", wire::watch("t")}}}) {
    for (const auto& [what, request] : commands) EXPECT_TRUE(client.refuses(request, 401)) << what;
  }
  EXPECT_TRUE(client.answers(wire::auth("secret"), wire::ok()));
  EXPECT_TRUE(client.answers(wire::hgetall("t"), wire::ok()))
      << "a refused command must do nothing";
  EXPECT_TRUE(client.answers(wire::hset("t", "k", 1), wire::ok({none})));
  for (const auto& [what, request] : reads()) EXPECT_EQ(client.ask(request).status, 200u) << what;
}

TEST_F(EventsAuth, CountsForOneConnectionOnly) {
  ServerProcess server{token_file("secret")};
  FrameClient client{server.port()};
  FrameClient other{server.port()};
  EXPECT_TRUE(client.answers(wire::auth("secret"), wire::ok()));
  EXPECT_TRUE(other.refuses(wire::ping(), 401));
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(EventsAuth, WhatIsNoRequestIs400AndALimitComesAfterIt) {
  ServerProcess server{token_file("secret")};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses("", 400));
  EXPECT_TRUE(client.refuses("\xff", 400));
  EXPECT_TRUE(client.refuses(wire::hset("t", "k", none), 400));
  EXPECT_TRUE(client.refuses(wire::hget("t", ""), 400));
  EXPECT_TRUE(client.refuses(wire::hget("t", std::string(1'025, 'k')), 401));
  EXPECT_TRUE(client.answers(wire::auth("secret"), wire::ok()));
  EXPECT_TRUE(client.refuses(wire::hget("t", std::string(1'025, 'k')), 413));
}

TEST_F(EventsAuth, TheThirdWrongTokenClosesTheConnection) {
  ServerProcess server{token_file("secret")};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::auth("Secret"), 401));
  EXPECT_TRUE(client.refuses(wire::ping(), 401)) << "no token, so not a wrong one";
  EXPECT_TRUE(client.refuses(wire::auth("secret "), 401));
  EXPECT_TRUE(client.refuses(wire::ping(), 401)) << "still open";
  client.send_raw(wire::frame(wire::auth("secre")) + wire::frame(wire::auth("secret")));
  EXPECT_TRUE(client.receives_error(401));
  EXPECT_TRUE(client.closed_within(10s)) << "and what came behind is not answered";

  FrameClient luckier{server.port()};
  EXPECT_TRUE(luckier.refuses(wire::auth("x"), 401));
  EXPECT_TRUE(luckier.refuses(wire::auth("x"), 401));
  EXPECT_TRUE(luckier.answers(wire::auth("secret"), wire::ok()));
  EXPECT_TRUE(luckier.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(EventsAuth, TheFilesTrailingNewlineIsNoPartOfTheToken) {
  ServerProcess server{token_file("two words\n")};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::auth("two words\n"), 401));
  EXPECT_TRUE(client.refuses(wire::auth("two"), 401));
  EXPECT_TRUE(client.answers(wire::auth("two words"), wire::ok()));
}

TEST_F(EventsAuth, WithoutATokenAnythingIsRight) {
  ServerProcess server;
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.answers(wire::auth("whatever"), wire::ok()));
}

class EventsAuthLog : public EventsAuth {};

TEST_F(EventsAuthLog, HoldsNoToken) {
  auto flags = token_file("hunter2-right");
  flags.insert(flags.end(), {"--slow-log-ms", "0", "--log-level", "trace"});
  ServerProcess server{flags};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::auth("hunter2-wrong"), 401));
  EXPECT_TRUE(client.answers(wire::auth("hunter2-right"), wire::ok()));
  EXPECT_TRUE(client.refuses(wire::hget("t", "the-last-one"), 404));
  EXPECT_TRUE(server.log_holds("the-last-one"));
  EXPECT_EQ(server.log().find("hunter2"), std::string::npos) << server.log();
}

TEST(EventsReadOnly, WritesAre403AndDoNothing) {
  ServerProcess server{{"--read-only"}};
  FrameClient client{server.port()};
  for (const auto& [what, request] : writes()) EXPECT_TRUE(client.refuses(request, 403)) << what;
  EXPECT_TRUE(client.answers(wire::hgetall("t"), wire::ok()));
  for (const auto& [what, request] : reads()) {
    EXPECT_EQ(client.ask(request).status, what == "HGET" ? 404u : 200u) << what;
  }
  EXPECT_TRUE(client.answers(wire::watch("t"), wire::ok()));
}

TEST(EventsReadOnly, StandsBetweenAWrongRequestAndALimit) {
  ServerProcess server{{"--read-only"}};
  FrameClient client{server.port()};
  const std::string too_long(1'025, 'k');
  EXPECT_TRUE(client.refuses(wire::hset("t", "k", none), 400));
  EXPECT_TRUE(client.refuses(wire::hmdel("t", {}), 400));
  EXPECT_TRUE(client.refuses(wire::hset("t", too_long, 1), 403));
  EXPECT_TRUE(client.refuses(wire::hdel(too_long, "k"), 403));
  EXPECT_TRUE(client.refuses(wire::hget("t", too_long), 413));
}

TEST_F(EventsAuth, ComesBeforeReadOnly) {
  auto flags = token_file("secret");
  flags.emplace_back("--read-only");
  ServerProcess server{flags};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.refuses(wire::hset("t", "k", 1), 401));
  EXPECT_TRUE(client.answers(wire::auth("secret"), wire::ok()));
  EXPECT_TRUE(client.refuses(wire::hset("t", "k", 1), 403));
}

/// INFO's pairs, which are all numbers.
std::map<std::string, double> figures(FrameClient& client) {
  std::map<std::string, double> numbers;
  const wire::Response response = client.ask(wire::info());
  EXPECT_EQ(response.status, 200u);
  for (const auto& [name, value] : response.pairs) {
    const auto* integer = value ? std::get_if<std::int64_t>(&value->held) : nullptr;
    const auto* real = value ? std::get_if<double>(&value->held) : nullptr;
    EXPECT_TRUE(integer || real) << name << " is no number: " << response;
    numbers[name] = integer ? static_cast<double>(*integer) : real ? *real : -1.0;
  }
  return numbers;
}

TEST(EventsInfo, CountsKeysTablesAndBytes) {
  ServerProcess server;
  FrameClient client{server.port()};
  auto before = figures(client);
  for (const char* name : {"keys", "tables", "bytes", "connections", "commands", "uptime"}) {
    ASSERT_TRUE(before.contains(name)) << name;
  }
  EXPECT_EQ(before["keys"], 0);
  EXPECT_EQ(before["tables"], 0);

  ASSERT_EQ(client.ask(wire::hmset("a", {{"k", 1}, {"l", 2}})).status, 200u);
  ASSERT_EQ(client.ask(wire::hset("b", "k", std::string(10'000, 'v'))).status, 200u);
  ASSERT_EQ(client.ask(wire::hset("b", "k", std::string(100'000, 'v'))).status, 200u);
  ASSERT_EQ(client.ask(wire::hdel("a", "l")).status, 200u);
  // Reading what is not there must not make it.
  for (const auto& request : {wire::hget("c", "k"), wire::hgetall("d"), wire::hmget("e", {"k"}),
                              wire::hexist("f", "k"), wire::hmexist("g", {"k"}), wire::hlen("h"),
                              wire::hdel("i", "k"), wire::hmdel("j", {"k"})}) {
    client.ask(request);
  }
  auto after = figures(client);
  EXPECT_EQ(after["keys"], 2);
  EXPECT_EQ(after["tables"], 2);
  EXPECT_GE(after["bytes"] - before["bytes"], 100'000);
  EXPECT_LE(after["bytes"] - before["bytes"], 110'000) << "of a value only the last version counts";
}

TEST(EventsInfo, CountsConnectionsCommandsAndTime) {
  ServerProcess server;
  FrameClient client{server.port()};
  auto before = figures(client);
  EXPECT_EQ(before["connections"], 1);
  FrameClient other{server.port()};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(other.answers(wire::ping(), {200, "PONG"}));
  auto after = figures(client);
  EXPECT_EQ(after["connections"], 2);
  EXPECT_EQ(after["commands"] - before["commands"], 10) << "PINGs; INFO is answered by a hook";
  EXPECT_GE(before["uptime"], 0);
  EXPECT_LT(before["uptime"], 60);
  EXPECT_GE(after["uptime"], before["uptime"]);
}

TEST(EventsSlowLog, NamesEachCommandAndItsKeyWithoutWritingThemRaw) {
  ServerProcess server{{"--slow-log-ms", "0"}};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::hset("planets", "mars", "a-value"), wire::ok({none})));
  EXPECT_TRUE(client.refuses(wire::hget("planets", "evil\n2026 forged line\x1b[31m"), 404));
  EXPECT_TRUE(client.answers(wire::hexist("planets", "the-end"), wire::ok({false})));
  ASSERT_TRUE(server.log_holds("the-end"));
  const std::string log = server.log();
  EXPECT_NE(log.find("planets"), std::string::npos) << log;
  EXPECT_NE(log.find("mars"), std::string::npos) << log;
  EXPECT_NE(log.find("forged line"), std::string::npos) << log;
  EXPECT_EQ(log.find("\n2026 forged"), std::string::npos) << "a key can forge a line of the log";
  EXPECT_EQ(log.find('\x1b'), std::string::npos) << "a key can colour the terminal";
}

TEST(EventsSlowLog, IsSilentAboutFastCommands) {
  ServerProcess server{{"--slow-log-ms", "60000"}};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::hset("planets", "mars", 4), wire::ok({none})));
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(server.log().find("mars"), std::string::npos) << server.log();
}

TEST(EventsSlowLog, SeesTheWaitForAClientThatDoesNotRead) {
  ServerProcess server{{"--slow-log-ms", "500", "--max-frame", std::to_string(64 << 20)}};
  FrameClient client{server.port()};
  FrameClient other{server.port()};
  for (int i = 0; i < 32; ++i) {  // more than the kernel takes for a client that does not read
    const auto key = std::to_string(i);
    ASSERT_TRUE(other.answers(wire::hset("big", key, std::string(1 << 20, 'x')), wire::ok({none})));
  }
  client.send_frame(wire::hgetall("big"));
  ASSERT_TRUE(client.socket().readable_within(10s)) << "it has been executed";
  const auto end = std::chrono::steady_clock::now() + 500ms;
  while (std::chrono::steady_clock::now() < end) ASSERT_EQ(other.ask(wire::ping()).status, 200u);
  EXPECT_EQ(client.receive_response().status, 200u);
  EXPECT_TRUE(server.log_holds("slow: HGETALL 'big'"));
}

class EventsTiming : public testing::Test {
 protected:
  void expect_a_note(ServerProcess& server) const {
    FrameClient client{server.port()};
    EXPECT_THAT(client.ask(wire::hset("t", "k", 1)).message,
                MatchesRegex("took [0-9]+\\.[0-9][0-9][0-9] ms"));
  }
};

TEST_F(EventsTiming, TellsHowLongACommandTook) {
  ServerProcess server{{"--timing"}};
  expect_a_note(server);
  FrameClient client{server.port()};
  auto response = client.ask(wire::hget("t", "k"));
  EXPECT_THAT(response.message, HasSubstr("took "));
  response.message.clear();
  EXPECT_EQ(response, wire::ok({1})) << "and changes nothing else";
}

TEST_F(EventsTiming, LeavesAMessageThatIsThere) {
  ServerProcess server{{"--timing"}};
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
  const auto absent = client.ask(wire::hget("t", "absent"));
  EXPECT_EQ(absent.status, 404u);
  EXPECT_THAT(absent.message, Not(HasSubstr("took ")));
}

TEST_F(EventsTiming, IsForWhoeverAsksForIt) {
  ServerProcess server;
  FrameClient client{server.port()};
  EXPECT_TRUE(client.answers(wire::hset("t", "k", 1), wire::ok({none})));
}

TEST_F(EventsTiming, MayBeAskedForInAFile) {
  const TempFolder folder;
  const std::string file = (folder.path() / "config").string();
  std::ofstream{file} << "timing=true\n";
  ServerProcess server{{"--config", file}};
  expect_a_note(server);
}

TEST_F(EventsTiming, ANoteDoesNotMakeAnAnswerTooLargeOnceItIsDone) {
  ServerProcess server{{"--timing", "--max-frame", "1024"}};
  FrameClient client{server.port()};
  std::map<std::uint32_t, int> seen;
  for (std::size_t bytes = 470; bytes <= 515; ++bytes) {
    ASSERT_EQ(client.ask(wire::hset("t", "k", std::string(500, 'x'))).status, 200u);
    ASSERT_EQ(client.ask(wire::hset("t", "l", std::string(bytes, 'x'))).status, 200u);
    const auto status = client.ask(wire::hmdel("t", {"k", "l"})).status;
    ++seen[status];
    const auto length = client.ask(wire::hlen("t")).values.at(0);
    EXPECT_EQ(length, wire::Value{status == 200 ? 0 : 2}) << bytes << " bytes, status " << status;
    for (const char* key : {"k", "l"}) ASSERT_EQ(client.ask(wire::hdel("t", key)).status, 200u);
  }
  EXPECT_GT(seen[200], 0);
  EXPECT_GT(seen[413], 0);
}

}  // namespace
}  // namespace kv::test
