#include "command/timing.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace kv {
namespace {

using namespace std::chrono_literals;
using testing::MatchesRegex;

class TimingTest : public testing::Test {
 protected:
  TimingTest() {
    HooksBuilder builder;
    add_timing(builder);
    hooks_ = builder.build();
  }

  /// What becomes of the response to a command that took so long.
  Response sent(Response response, std::chrono::nanoseconds took = {}) {
    Exchange exchange{connection_};
    EXPECT_FALSE(hooks_->received(exchange, Ping{}));
    exchange.begun -= took;
    hooks_->before_send(exchange, response);
    return response;
  }

 private:
  Connection connection_;
  std::shared_ptr<const Hooks> hooks_;
};

TEST_F(TimingTest, TellsHowLongItTook) {
  EXPECT_THAT(sent({}, 50ms).message, MatchesRegex("took 5[0-9]\\.[0-9][0-9][0-9] ms"));
}

TEST_F(TimingTest, ChangesNothingElse) {
  const auto response = sent({.values = {"red"}, .pairs = {{"k", "v"}}});
  EXPECT_EQ(response.status, Status::ok);
  EXPECT_EQ(response.values, Values{"red"});
  EXPECT_EQ(response.pairs, (std::vector<Entry>{{"k", "v"}}));
}

TEST_F(TimingTest, LeavesAMessageAsItIs) {
  EXPECT_EQ(sent({.message = "PONG"}).message, "PONG");
  EXPECT_EQ(sent({.status = Status::not_found, .message = "Not found"}).message, "Not found");
}

TEST_F(TimingTest, TakesNoMoreThanItSaysAlsoAfterYears) {
  const auto message = sent({}, 10 * 365 * 24h).message;
  EXPECT_LE(1 + 1 + message.size(), timing_bytes_max) << "tag, length and " << message;
}

}  // namespace
}  // namespace kv
