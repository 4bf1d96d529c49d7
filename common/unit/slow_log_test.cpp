#include "command/slow_log.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace kv {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class SlowLogTest : public testing::Test {
 protected:
  SlowLogTest() {
    auto logger = std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(logger);
    connection_.peer = "192.0.2.1:1234";
  }
  ~SlowLogTest() override { spdlog::set_default_logger(before_); }

  /// What is logged about a command that took so long.
  std::string logged(const Request& request, std::chrono::milliseconds limit,
                     std::chrono::milliseconds took = 0ms, Status status = Status::ok) {
    log_.str("");
    HooksBuilder builder;
    add_slow_log(builder, limit);
    const auto hooks = builder.build();
    Exchange exchange{connection_};
    EXPECT_FALSE(hooks->received(exchange, request));
    hooks->executed(exchange, request, {.status = status});
    EXPECT_EQ(log_.str(), "") << "it has not been sent yet";
    exchange.begun -= took;
    exchange.status = status;
    hooks->after_send(exchange);
    return log_.str();
  }

 private:
  std::ostringstream log_;
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  Connection connection_;
};

TEST_F(SlowLogTest, TellsWhoAskedWhatAndHowLongItTook) {
  EXPECT_THAT(logged(Hget{"table", "key"}, 50ms, 50ms, Status::not_found),
              MatchesRegex("warning slow: HGET 'table' 'key' from 192.0.2.1:1234 "
                           "took 5[0-9]\\.[0-9][0-9][0-9] ms, status 404\n"));
}

TEST_F(SlowLogTest, SaysNothingOfACommandThatTookLessThanTheLimit) {
  EXPECT_EQ(logged(Hget{"table", "key"}, 1h), "");
  EXPECT_EQ(logged(Hget{"table", "key"}, 1h, 59min), "");
}

TEST_F(SlowLogTest, WithALimitOfZeroTellsOfEveryCommand) {
  EXPECT_THAT(logged(Ping{"message"}, 0ms), HasSubstr("slow: PING from"));
}

TEST_F(SlowLogTest, TellsTheKeyOrHowManyThereAre) {
  EXPECT_THAT(logged(Hset{"t", {"k", "v"}}, 0ms), HasSubstr("HSET 't' 'k' from"));
  EXPECT_THAT(logged(Hmset{"t", {{"k", "v"}, {"l", "v"}}}, 0ms),
              HasSubstr("HMSET 't' 2 keys from"));
  EXPECT_THAT(logged(Hmget{"t", {"a", "b", "c"}}, 0ms), HasSubstr("HMGET 't' 3 keys from"));
  EXPECT_THAT(logged(Hgetall{"t"}, 0ms), HasSubstr("HGETALL 't' from"));
}

TEST_F(SlowLogTest, TellsNoValueAndNoToken) {
  EXPECT_THAT(logged(Hset{"t", {"k", "secret"}}, 0ms), Not(HasSubstr("secret")));
  EXPECT_THAT(logged(Hmset{"t", {{"k", "secret"}}}, 0ms), Not(HasSubstr("secret")));
  EXPECT_THAT(logged(Auth{"secret"}, 0ms), Not(HasSubstr("secret")));
  EXPECT_THAT(logged(Auth{"secret"}, 0ms), HasSubstr("AUTH from"));
}

TEST_F(SlowLogTest, LetsNoClientWriteLinesIntoTheLog) {
  const auto log = logged(Hget{"t\nwarning forged", "k\x1b[2J"}, 0ms);
  EXPECT_THAT(log, HasSubstr("'t\\x0awarning forged' 'k\\x1b[2J'"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1);
}

}  // namespace
}  // namespace kv
