// A hook that limits how many commands a second a connection may send.

#include "command/rate_limit.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace kv {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class RateLimit : public testing::Test {
 protected:
  RateLimit() {
    HooksBuilder builder;
    add_rate_limit(builder, 3, [this] { return now; });
    hooks = builder.build();
  }

  /// What the connection's next command is answered by the hook; ok: it is executed.
  Response answer(Connection& connection, const Request& request = Ping{}) const {
    Exchange exchange{connection};
    return hooks->received(exchange, request).value_or(Response{});
  }
  int passed(Connection& connection, int commands) const {
    int count = 0;
    for (int i = 0; i < commands; ++i) count += answer(connection).status == Status::ok;
    return count;
  }

  Clock::time_point now{1h};  // whatever it is, only differences count
  std::shared_ptr<const Hooks> hooks;
  Connection connection;
};

TEST_F(RateLimit, SoManyCommandsPass) { EXPECT_EQ(passed(connection, 3), 3); }

TEST_F(RateLimit, OneMoreIsToldAndTheConnectionStays) {
  passed(connection, 3);
  const auto response = answer(connection);
  EXPECT_EQ(response.status, Status::overloaded);
  EXPECT_EQ(response.message, "more than 3 commands a second");
  EXPECT_FALSE(connection.close);
}

TEST_F(RateLimit, WhateverTheCommandIsItCounts) {
  EXPECT_EQ(answer(connection, Hset{"t", {"k", "v"}}).status, Status::ok);
  EXPECT_EQ(answer(connection, Auth{"token"}).status, Status::ok);
  EXPECT_EQ(answer(connection, Info{}).status, Status::ok);
  EXPECT_EQ(answer(connection, Hget{"t", "k"}).status, Status::overloaded);
}

TEST_F(RateLimit, ASecondBeginsWithItsFirstCommandAndHasAThousandMilliseconds) {
  passed(connection, 1);
  now += 999ms;
  EXPECT_EQ(passed(connection, 5), 2) << "the same second";
  now += 1ms;
  EXPECT_EQ(passed(connection, 5), 3) << "the next one";
  now += 999ms;
  EXPECT_EQ(passed(connection, 5), 0);
}

TEST_F(RateLimit, WhoWasSilentHasSavedNothingUp) {
  passed(connection, 3);
  now += 1h;
  EXPECT_EQ(passed(connection, 10), 3);
}

TEST_F(RateLimit, WhatIsRefusedDoesNotMakeItLonger) {
  passed(connection, 3);
  for (int i = 0; i < 9; ++i) {
    now += 100ms;
    EXPECT_EQ(passed(connection, 10), 0);
  }
  now += 100ms;
  EXPECT_EQ(passed(connection, 1), 1);
}

TEST_F(RateLimit, EachConnectionHasItsOwnCount) {
  Connection other;
  EXPECT_EQ(passed(connection, 5), 3);
  EXPECT_EQ(passed(other, 5), 3);
}

TEST_F(RateLimit, HasTheRealTimeWhereItIsGivenNone) {
  HooksBuilder builder;
  add_rate_limit(builder, 1);
  hooks = builder.build();
  EXPECT_EQ(passed(connection, 1), 1);
}

}  // namespace
}  // namespace kv
