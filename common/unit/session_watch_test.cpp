#include "net/session_watch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "fixtures/wire.hpp"

namespace kv {
namespace {

namespace wire = test::wire;
using namespace std::chrono_literals;

class SessionWatchTest : public testing::Test {
 protected:
  /// Waits as a session does, but for a clock in place of a client.
  void wait_for(std::chrono::milliseconds most) {
    ended_ = boost::system::error_code{};
    clock_.expires_after(most);
    clock_.async_wait(boost::asio::bind_cancellation_slot(
        watch_->event_waits(), [this](boost::system::error_code error) { ended_ = error; }));
  }
  /// That this wait was ended by an event, and not by its time.
  bool woken() {
    context_.restart();
    context_.run();
    return ended_ == boost::asio::error::operation_aborted;
  }

  void change(const std::string& table, const Value& value) {
    const std::vector<Entry> changes{{"k", value}};
    EXPECT_TRUE(hub_.on_change(table, changes));
  }
  static std::string event(const wire::Value& value) {
    return wire::frame(wire::encode(wire::ok_pairs({{"k", value}})));
  }

  WatchHub hub_{1 << 20};
  boost::asio::io_context context_;
  boost::asio::steady_timer clock_{context_};
  boost::system::error_code ended_;
  std::unique_ptr<SessionWatch> watch_ =
      std::make_unique<SessionWatch>(hub_, "t", context_.get_executor());
};

TEST_F(SessionWatchTest, AnEventEndsTheWait) {
  for (int i = 0; i < 3; ++i) {
    wait_for(10s);
    change("t", "v");
    EXPECT_TRUE(woken());
    EXPECT_EQ(watch_->take(), event("v"));
  }
}

TEST_F(SessionWatchTest, WithoutAnEventTheWaitHasItsTime) {
  wait_for(1ms);
  change("another", "v");
  EXPECT_FALSE(woken());
  EXPECT_TRUE(watch_->empty());
  EXPECT_EQ(watch_->take(), "");
}

TEST_F(SessionWatchTest, AnEventThatCameBeforeTheWaitEndsItAtOnce) {
  change("t", "v");
  context_.run();  // and found nobody to wake
  wait_for(10s);
  EXPECT_TRUE(woken());
}

TEST_F(SessionWatchTest, IsWokenOnItsOwnThreadOnly) {
  wait_for(10s);
  std::jthread{[this] { change("t", "v"); }}.join();
  EXPECT_FALSE(ended_) << "nobody has run the session's context";
  EXPECT_TRUE(woken());
}

TEST_F(SessionWatchTest, NoEventOfAnotherThreadIsSleptOver) {
  constexpr int changes = 2'000;
  std::string expected, taken;
  for (int i = 0; i < changes; ++i) expected += event(i);
  std::jthread writer{[this] {
    for (std::int64_t i = 0; i < changes; ++i) {
      change("t", i);
      if (i % 3 == 0) std::this_thread::yield();
    }
  }};
  while (taken.size() < expected.size()) {
    wait_for(10s);
    ASSERT_TRUE(woken()) << "after " << taken.size() << " bytes";
    taken += watch_->take().value();
  }
  EXPECT_EQ(taken, expected);
}

TEST_F(SessionWatchTest, TakesNoMoreAtATimeThanMayWaitToBeWritten) {
  const std::string half(answers_waiting_max / 2, 'x');
  for (int i = 0; i < 5; ++i) change("t", half);
  const auto one = event(half).size();
  EXPECT_EQ(watch_->take().value().size(), 2 * one);
  EXPECT_FALSE(watch_->empty());
  EXPECT_EQ(watch_->take().value().size(), 2 * one);
  EXPECT_EQ(watch_->take().value().size(), one);
  EXPECT_TRUE(watch_->empty());
}

TEST_F(SessionWatchTest, WhatIsLostWakesAndIsNotTakenForNothing) {
  change("t", std::string(watch_bytes_max / 2, 'x'));
  wait_for(10s);
  change("t", std::string(watch_bytes_max / 2, 'y'));
  EXPECT_TRUE(woken());
  EXPECT_EQ(watch_->take(), std::nullopt);
  EXPECT_FALSE(watch_->empty()) << "there is something to tell";
}

TEST_F(SessionWatchTest, AfterItsEndNothingComesAndWhatHasComeIsThere) {
  change("t", "before");
  watch_->end();
  change("t", "after");
  EXPECT_EQ(watch_->take(), event("before"));
  watch_->end();  // as often as one likes
  EXPECT_TRUE(watch_->empty());
}

TEST_F(SessionWatchTest, TakesItselfOutOfTheHub) {
  watch_.reset();
  change("t", "v");
  context_.run();
}

/// An event has come, and the session ends before it is woken for it.
TEST_F(SessionWatchTest, WhatWakesItFindsOutThatItIsGone) {
  alignas(SessionWatch) std::byte place[sizeof(SessionWatch)];
  auto* watch = new (place) SessionWatch{hub_, "t", context_.get_executor()};
  change("t", "v");
  watch->~SessionWatch();
  std::memset(place, 0xff, sizeof place);  // whoever looks at it now does not come back
  context_.run();
}

}  // namespace
}  // namespace kv
