// What a running server shows only when two things happen at the same moment.

#include "net/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include "fixtures/frame_client.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::test {
namespace {

/// One session on a thread of its own, and its client.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    memtable_.observe({&watch_hub_});
    session_.emplace(acceptor_.accept(), shared_, barrier_);
    boost::asio::co_spawn(context_, session_->run(), [](std::exception_ptr) {});
    thread_ = std::jthread{[this] { context_.run(); }};
  }

  ~SessionTest() override { context_.stop(); }

  void wait_until_a_frame_has_begun() const {
    const auto end = Clock::now() + std::chrono::seconds{10};
    while (load_.input_bytes == 0 && Clock::now() < end) std::this_thread::yield();
    EXPECT_GT(load_.input_bytes, 0u);
  }

  /// Runs the action on the session's thread, while the session waits.
  void meanwhile(const std::function<void()>& action) { boost::asio::post(context_, action); }

  Options options_{.frame_timeout = std::chrono::milliseconds{1}};
  MemTable memtable_{answer_limit(options_.frame_bytes_max)};
  WatchHub watch_hub_{options_.frame_bytes_max};
  Service service_{memtable_};
  Load load_;
  Shared shared_{options_, service_, HooksBuilder{}.build(), watch_hub_, load_};

  boost::asio::io_context context_;
  Barrier barrier_{context_, nullptr};
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  FrameClient client_{acceptor_.local_endpoint().port()};
  std::optional<Session> session_;
  std::jthread thread_;
};

TEST_F(SessionTest, AFrameThatIsLateIsTheEndAlsoWhenAnEventComesInTheSameMoment) {
  ASSERT_TRUE(client_.answers(wire::watch("t"), wire::ok()));
  client_.send_raw(wire::frame(wire::ping()).substr(0, 5));
  wait_until_a_frame_has_begun();
  meanwhile([this] {
    const auto late = Clock::now() + options_.frame_timeout;
    while (Clock::now() < late) std::this_thread::yield();
    (void)memtable_.set("t", {"k", "v"});
    session_->check_deadline(Clock::now());
  });
  EXPECT_TRUE(client_.receives_error(408));
  EXPECT_TRUE(client_.receives(wire::ok_pairs({{"k", "v"}})));
  EXPECT_TRUE(client_.closed_within(10s));
}

}  // namespace
}  // namespace kv::test
