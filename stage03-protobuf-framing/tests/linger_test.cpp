#include "net/linger.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <future>
#include <string>
#include <system_error>
#include <thread>

#include "fixtures/socket.hpp"

namespace kv::test {
namespace {

/// A connection: the server's end of it, which a thread of its own closes, and the client's.
class LingerTest : public testing::Test {
 protected:
  ~LingerTest() override { context_.stop(); }

  std::future<void> close() {
    auto work = lingering_close(server_, deadline_);
    auto closed = boost::asio::co_spawn(context_, std::move(work), boost::asio::use_future);
    check_deadline();
    thread_ = std::jthread{[this] { context_.run(); }};
    return closed;
  }

  /// What a worker does for its sessions: it ends what waits for too long, and nothing else.
  void check_deadline() {
    timer_.expires_after(10ms);
    timer_.async_wait([this](boost::system::error_code) {
      boost::system::error_code closed;
      if (deadline_.passed()) server_.cancel(closed);
      check_deadline();
    });
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  Socket client_{acceptor_.local_endpoint().port()};
  tcp::socket server_ = acceptor_.accept();
  Deadline deadline_;
  boost::asio::steady_timer timer_{context_};
  std::jthread thread_;  // last: it uses all of the above
};

/// What it has sent waits unread when the server closes, and there is more to come.
TEST_F(LingerTest, AClientThatIsStillSendingReadsTheAnswer) {
  const std::string answer = "the answer";
  client_.send("unread");
  server_.wait(tcp::socket::wait_read);
  boost::asio::write(server_, boost::asio::buffer(answer));
  const auto closed = close();
  EXPECT_NO_THROW(client_.send(std::string(1024 * 1024, 'x')));
  EXPECT_EQ(client_.receive_until_closed(), answer);
  client_.reset();
}

TEST_F(LingerTest, AClientThatIsSilentSeesTheEndAtOnce) {
  const auto begin = Clock::now();
  auto closed = close();
  EXPECT_EQ(client_.receive_until_closed(), "");
  EXPECT_EQ(closed.wait_for(0s), std::future_status::timeout) << "it is still there for the client";
  client_.half_close();
  closed.get();
  EXPECT_LT(Clock::now() - begin, linger_time) << "nobody is there any more";
}

TEST_F(LingerTest, EndsWhenItsTimeIsOver) {
  const auto begin = Clock::now();
  auto closed = close();
  EXPECT_EQ(closed.wait_for(5 * linger_time), std::future_status::ready);
  EXPECT_GE(Clock::now() - begin, linger_time);
  client_.reset();  // whatever it waits for
  closed.get();
  EXPECT_FALSE(server_.is_open());
}

/// Then nothing waits, and there is nothing to cancel.
TEST_F(LingerTest, EndsWhenItsTimeIsOverAlsoWhereTheClientGoesOnSending) {
  const auto begin = Clock::now();
  auto closed = close();
  try {
    while (Clock::now() < begin + 10 * linger_time) client_.send(std::string(4096, 'x'));
  } catch (const std::system_error&) {  // the server has closed
  }
  client_.reset();
  closed.get();
  EXPECT_LT(Clock::now() - begin, 5 * linger_time);
}

}  // namespace
}  // namespace kv::test
