#include "net/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <thread>

#include "fixtures/frame_client.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::test {
namespace {

const wire::MaybeValue none;

/// One session on a thread of its own, without a worker, and its client.
class SessionTest : public testing::Test {
 protected:
  ~SessionTest() override { context_.stop(); }

  std::future<void> begin(awaitable<void> work) {
    auto ended = boost::asio::co_spawn(context_, std::move(work), boost::asio::use_future);
    thread_ = std::jthread{[this] { context_.run(); }};
    return ended;
  }

  /// Runs the action on the session's thread, when the session waits.
  void meanwhile(const std::function<void()>& action) { boost::asio::post(context_, action); }

  void wait_until_a_frame_has_begun() const {
    const auto end = Clock::now() + 10s;
    while (load_.input_bytes == 0 && Clock::now() < end) std::this_thread::yield();
    EXPECT_GT(load_.input_bytes, 0u);
  }

  Options options_;
  MemTable memtable_{answer_limit(options_.frame_bytes_max)};
  Service service_{memtable_};
  Load load_;
  Shared shared_{options_, service_, load_};

  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  FrameClient client_{acceptor_.local_endpoint().port()};
  std::optional<Session> session_{std::in_place, acceptor_.accept(), shared_};
  std::jthread thread_;
};

TEST_F(SessionTest, AnswersEachRequestAndEndsWhenItsClientHasLeft) {
  auto ended = begin(session_->run());
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(client_.answers(wire::hset("t", "k", 1), wire::ok({none})));
  EXPECT_TRUE(client_.answers(wire::hget("t", "k"), wire::ok({1})));
  client_.socket().half_close();
  EXPECT_TRUE(client_.closed_within(10s));
  EXPECT_NO_THROW(ended.get());
}

TEST_F(SessionTest, AnswersAllThatCameInOneReadInItsOrder) {
  const auto ended = begin(session_->run());
  client_.send_raw(wire::frame(wire::ping("1")) + wire::frame(wire::ping("2")) +
                   wire::frame(wire::ping("3")));
  for (const char* message : {"1", "2", "3"}) EXPECT_TRUE(client_.receives({200, message}));
}

TEST_F(SessionTest, WaitsForTheRestOfAFrame) {
  const auto ended = begin(session_->run());
  const auto two = wire::frame(wire::ping("1")) + wire::frame(wire::ping("2"));
  client_.send_raw(two.substr(0, two.size() - 3));
  EXPECT_TRUE(client_.receives({200, "1"}));
  client_.send_raw(two.substr(two.size() - 3));
  EXPECT_TRUE(client_.receives({200, "2"}));
}

TEST_F(SessionTest, AMessageThatIsNoneIsRefusedAndTheSessionGoesOn) {
  const auto ended = begin(session_->run());
  EXPECT_TRUE(client_.refuses("\xff", 400));
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(SessionTest, AFrameOverTheLimitIsToldAndIsTheEnd) {
  options_.frame_bytes_max = 1024;
  const auto ended = begin(session_->run());
  client_.send_raw(wire::frame(wire::ping("before")) + wire::frame(std::string(1025, 'x')));
  EXPECT_TRUE(client_.receives({200, "before"}));
  EXPECT_TRUE(client_.receives_error(413));
  EXPECT_TRUE(client_.closed_within(10s));
}

TEST_F(SessionTest, AFrameThatIsLateIsToldAndIsTheEnd) {
  options_.frame_timeout = std::chrono::milliseconds{1};
  const auto ended = begin(session_->run());
  client_.send_raw(wire::frame(wire::ping()).substr(0, 5));
  wait_until_a_frame_has_begun();
  meanwhile([this] {
    const auto late = Clock::now() + options_.frame_timeout;
    while (Clock::now() < late) std::this_thread::yield();
    session_->check_deadline(Clock::now());
  });
  EXPECT_TRUE(client_.receives_error(408));
  EXPECT_TRUE(client_.closed_within(10s));
}

TEST_F(SessionTest, AClientThatIsSilentForTooLongIsClosedWithoutAWord) {
  const auto ended = begin(session_->run());
  meanwhile([this] { session_->check_deadline(Clock::now() + options_.idle_timeout); });
  EXPECT_TRUE(client_.closed_within(10s));
}

TEST_F(SessionTest, BeforeItsDeadlineItWaitsOn) {
  const auto ended = begin(session_->run());
  meanwhile([this] { session_->check_deadline(Clock::now()); });
  EXPECT_TRUE(client_.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(SessionTest, OnceItDrainsItAnswersWhatHasComeAndEnds) {
  client_.send_frame(wire::ping("last"));
  const auto ended = begin(session_->run());
  meanwhile([this] { session_->drain(); });
  EXPECT_TRUE(client_.receives({200, "last"}));
  EXPECT_TRUE(client_.closed_within(10s));
}

TEST_F(SessionTest, WhoIsRefusedIsToldWhyAndClosed) {
  const Error reason{Status::overloaded, "too many connections"};
  const auto ended = begin(session_->refuse(reason));
  EXPECT_TRUE(client_.receives({503, reason.message}));
  EXPECT_TRUE(client_.closed_within(10s));
}

TEST_F(SessionTest, CountsAsAConnectionForAsLongAsItLives) {
  EXPECT_EQ(load_.connections, 1u);
  session_.reset();
  EXPECT_EQ(load_.connections, 0u);
}

}  // namespace
}  // namespace kv::test
