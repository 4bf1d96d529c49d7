// WATCH (from stage 4): each change of a table, once, in the order in which the changes were made.

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

constexpr std::nullopt_t none = std::nullopt;

class EventsWatch : public testing::Test {
 protected:
  FrameClient watcher_of(const std::string& table) {
    FrameClient watcher{server_.port()};
    EXPECT_TRUE(watcher.answers(wire::watch(table), wire::ok()));
    return watcher;
  }

  /// Makes a change; whatever it must not be seen before has been seen when this one is.
  void change(const std::string& request) { ASSERT_EQ(client_.ask(request).status, 200u); }

  ServerProcess server_;
  FrameClient client_{server_.port()};
};

TEST_F(EventsWatch, ShowsEachChangeOnceInOrder) {
  FrameClient watcher = watcher_of("t");
  change(wire::hset("t", "k", 1));
  change(wire::hset("t", "l", "two"));
  change(wire::hset("t", "k", wire::Binary{"\xff"}));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"l", "two"}})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", wire::Binary{"\xff"}}})));
  EXPECT_FALSE(watcher.socket().readable_within(100ms)) << "each once";
}

TEST_F(EventsWatch, ShowsWhatChangesFromNowOnAndNotWhatIsThere) {
  change(wire::hset("t", "old", 1));
  FrameClient watcher = watcher_of("t");
  change(wire::hset("t", "new", 2));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"new", 2}})));
}

TEST_F(EventsWatch, ShowsARemovedKeyWithAnEmptyValue) {
  change(wire::hmset("t", {{"k", 1}, {"l", 2}, {"m", 3}}));
  FrameClient watcher = watcher_of("t");
  change(wire::hdel("t", "k"));
  change(wire::hmdel("t", {"m", "absent", "l", "m"}));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", none}})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"m", none}, {"l", none}})))
      << "what was removed, once";
}

TEST_F(EventsWatch, ShowsNothingWhereNothingChanged) {
  change(wire::hset("t", "k", 1));
  FrameClient watcher = watcher_of("t");
  change(wire::hdel("t", "absent"));
  change(wire::hmdel("t", {"absent", "missing"}));
  change(wire::hget("t", "k"));
  change(wire::hgetall("t"));
  EXPECT_TRUE(client_.refuses(wire::hset("t", std::string(1'025, 'k'), 1), 413));
  EXPECT_TRUE(client_.refuses(wire::hset("t", "k", none), 400));
  change(wire::hset("t", "marker", true));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"marker", true}})));
}

TEST_F(EventsWatch, ShowsTheSameValueSetAgain) {
  change(wire::hset("t", "k", 1));
  FrameClient watcher = watcher_of("t");
  change(wire::hset("t", "k", 1));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
}

TEST_F(EventsWatch, ShowsAnHmsetAsOneEventInCommandOrder) {
  FrameClient watcher = watcher_of("t");
  const std::vector<wire::Pair> pairs{{"z", 1}, {"a", "x"}, {"z", 2}, {"m", 0.5}, {"z", 2}};
  change(wire::hmset("t", pairs));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs(pairs)));
  EXPECT_FALSE(watcher.socket().readable_within(100ms));
}

TEST_F(EventsWatch, ShowsOneTableOnly) {
  FrameClient watcher = watcher_of("t");
  FrameClient other = watcher_of("u");
  for (const char* table : {"T", "tt", "t ", "t:", "u"}) change(wire::hset(table, "k", 1));
  change(wire::hset("t", "k", 2));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 2}})));
  EXPECT_TRUE(other.receives(wire::ok_pairs({{"k", 1}})));
  watcher.socket().half_close();
  EXPECT_TRUE(watcher.closed_within(10s));
  change(wire::hset("t", "k", 3));
  change(wire::hset("u", "k", 4));
  EXPECT_TRUE(other.receives(wire::ok_pairs({{"k", 4}}))) << "the other one's end is not its own";
}

TEST_F(EventsWatch, ShowsAllWatchersTheSame) {
  std::vector<FrameClient> watchers;
  for (int i = 0; i < 5; ++i) watchers.push_back(watcher_of("t"));
  change(wire::hset("t", "k", 1));
  change(wire::hdel("t", "k"));
  for (FrameClient& watcher : watchers) {
    EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
    EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", none}})));
  }
}

TEST_F(EventsWatch, NeedsATable) {
  EXPECT_TRUE(client_.refuses(wire::watch(""), 400));
  EXPECT_TRUE(client_.refuses(wire::watch(std::string(1'025, 't')), 413));
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"})) << "and it did not begin";
}

TEST_F(EventsWatch, FurtherRequestsAre400AndItGoesOn) {
  FrameClient watcher = watcher_of("t");
  for (const auto& request :
       {wire::ping(), wire::hset("t", "k", 1), wire::watch("u"), std::string{}}) {
    EXPECT_TRUE(watcher.refuses(request, 400));
  }
  EXPECT_TRUE(client_.answers(wire::hlen("t"), wire::ok({0}))) << "what is refused does nothing";
  change(wire::hset("t", "k", 2));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 2}})));
}

TEST_F(EventsWatch, RequestsPipelinedAroundItKeepTheirOrder) {
  FrameClient watcher{server_.port()};
  watcher.send_raw(wire::frame(wire::ping("before")) + wire::frame(wire::watch("t")) +
                   wire::frame(wire::ping("behind")));
  EXPECT_TRUE(watcher.receives({200, "before"}));
  EXPECT_TRUE(watcher.receives(wire::ok()));
  EXPECT_TRUE(watcher.receives_error(400));
  change(wire::hset("t", "k", 1));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
}

TEST_F(EventsWatch, HalfCloseEndsIt) {
  FrameClient watcher = watcher_of("t");
  watcher.socket().half_close();
  EXPECT_TRUE(watcher.closed_within(10s));
  change(wire::hset("t", "k", 1));
}

TEST_F(EventsWatch, AWatcherThatIsGoneHarmsNoWriter) {
  for (int i = 0; i < 20; ++i) {
    FrameClient watcher = watcher_of("t");
    if (i % 2 == 0) watcher.socket().reset();
    change(wire::hset("t", "k", i));
  }
  FrameClient watcher = watcher_of("t");
  change(wire::hset("t", "k", "last"));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", "last"}})));
}

TEST_F(EventsWatch, AValueOfTheLargestSizeReachesAWatcherThatReads) {
  FrameClient watcher = watcher_of("t");
  const std::string big(1 << 20, 'b');
  for (int i = 0; i < 5; ++i) {
    change(wire::hset("t", "k", big));
    EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", big}}))) << "event " << i;
  }
}

TEST_F(EventsWatch, ASlowWatcherIsToldAndClosedWhileTheWritersGoOn) {
  constexpr int kEvents = 100;
  FrameClient watcher = watcher_of("t");
  const std::string big(512 * 1'024, 'b');
  for (int i = 0; i < kEvents; ++i) change(wire::hset("t", std::to_string(i), big));
  // What the kernel had taken comes, then the reason, and nothing after it.
  int seen = 0;
  wire::Response response = watcher.receive_response();
  for (; response.status == 200; response = watcher.receive_response()) {
    ASSERT_EQ(response, wire::ok_pairs({{std::to_string(seen), big}})) << "no gap before the end";
    ASSERT_LT(++seen, kEvents) << "all of it was kept for a watcher that does not read";
  }
  EXPECT_EQ(response.status, 503u) << response;
  EXPECT_FALSE(response.message.empty());
  EXPECT_TRUE(watcher.closed_within(10s));
  change(wire::hset("t", "after", 1));
}

TEST(EventsWatchTime, HasNoIdleTimeout) {
  ServerProcess server{{"--idle-timeout", "0.2", "--frame-timeout", "0.2"}};
  FrameClient watcher{server.port()};
  EXPECT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  ASSERT_FALSE(watcher.socket().readable_within(800ms));
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hset("t", "k", 1), wire::ok({none})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
}

TEST(EventsWatchTime, EndsWithTheServer) {
  ServerProcess server;
  FrameClient watcher{server.port()};
  EXPECT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  server.terminate();
  EXPECT_TRUE(watcher.closed_within(4s));
  EXPECT_EQ(server.wait(4s), 0);
}

/// The end of the client's input, and an event that wakes the session, at the same moment.
TEST(EventsWatchTime, AHalfCloseAmongEventsEndsIt) {
  ServerProcess server;
  FrameClient writer{server.port()};
  for (int round = 0; round < 300; ++round) {
    FrameClient watcher{server.port()};
    ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
    for (int i = 0; i < 5; ++i) writer.send_frame(wire::hset("t", "k", i));
    watcher.socket().half_close();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(writer.receive_response().status, 200u);
    ASSERT_NO_THROW((void)watcher.socket().receive_until_closed()) << "in round " << round;
  }
}

constexpr int shared_keys = 5;
constexpr int keys_a_write = 3;

/// What each value replaced, by key and value, as the writers were told.
using Replaced = std::map<std::pair<std::string, std::string>, wire::MaybeValue>;

/// One of several writers of the same keys; every write has a value of its own, "writer/number".
Replaced write_all(std::uint16_t port, int writer, int writes) {
  FrameClient client{port};
  std::vector<std::vector<wire::Pair>> sent;
  std::vector<std::string> requests;
  for (int i = 0; i < writes; ++i) {
    const std::string value = std::to_string(writer) + "/" + std::to_string(i);
    auto& pairs = sent.emplace_back();
    for (int j = 0; j < keys_a_write; ++j) {
      pairs.push_back({"key " + std::to_string((i + j) % shared_keys), value});
    }
    requests.push_back(wire::hmset("t", pairs));
  }
  const auto answers = client.ask_all(requests);
  Replaced replaced;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    for (std::size_t j = 0; j < sent[i].size(); ++j) {
      const auto& value = std::get<std::string>(sent[i][j].value->held);
      replaced[{sent[i][j].key, value}] = answers[i].values.at(j);
    }
  }
  return replaced;
}

TEST_F(EventsWatch, OrderOfEventsIsOrderOfChangesUnderEightWriters) {
  constexpr int kWriters = 8;
  constexpr int kWrites = 1'000;  // all events together stay below what may wait for a watcher
  FrameClient watcher = watcher_of("t");
  std::vector<std::future<Replaced>> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.push_back(std::async(std::launch::async, write_all, server_.port(), i, kWrites));
  }
  std::vector<wire::Response> events;
  for (int i = 0; i < kWriters * kWrites; ++i) events.push_back(watcher.receive_response());
  Replaced replaced;
  for (auto& writer : writers) replaced.merge(writer.get());

  // What each writer was told that it replaced is what the events before had made of the key.
  std::map<std::string, wire::MaybeValue> state;
  std::map<char, int> written;
  for (const wire::Response& event : events) {
    ASSERT_EQ(event.status, 200u) << event;
    ASSERT_EQ(event.pairs.size(), std::size_t{keys_a_write}) << event;
    const auto value = std::get<std::string>(event.pairs[0].value->held);
    EXPECT_EQ(std::stoi(value.substr(2)), written[value[0]]++) << "of writer " << value[0];
    for (const wire::Pair& pair : event.pairs) {
      ASSERT_EQ(replaced.at({pair.key, value}), state[pair.key]) << pair;
      state[pair.key] = pair.value;
    }
  }
  const wire::Response final_state = client_.ask(wire::hgetall("t"));
  ASSERT_EQ(final_state.pairs.size(), std::size_t{shared_keys});
  for (const auto& [key, value] : final_state.pairs) EXPECT_EQ(value, state[key]) << key;
}

}  // namespace
}  // namespace kv::test
