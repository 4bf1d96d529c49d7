#include "net/linger.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <future>
#include <string>
#include <system_error>

#include "fixtures/socket.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;

/// A connection: the server's end of it, which is to be closed, and the client's.
class LingerTest : public testing::Test {
 protected:
  /// Closes the server's end, in a thread of its own: how long that took.
  std::future<Clock::duration> close() {
    return std::async(std::launch::async, [this] {
      const auto begin = Clock::now();
      lingering_close(server_);
      return Clock::now() - begin;
    });
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  Socket client_{acceptor_.local_endpoint().port()};
  tcp::socket server_ = acceptor_.accept();
};

/// What it has sent waits unread when the server closes, and there is more to come.
TEST_F(LingerTest, AClientThatIsStillSendingReadsTheAnswer) {
  const std::string answer = "-ERR too much\r\n";
  client_.send("unread");
  server_.wait(tcp::socket::wait_read);
  boost::asio::write(server_, boost::asio::buffer(answer));
  const auto closed = close();
  EXPECT_NO_THROW(client_.send(std::string(1024 * 1024, 'x')));
  EXPECT_EQ(client_.receive_until_closed(), answer);
  client_.reset();
}

TEST_F(LingerTest, AClientThatIsSilentSeesTheEndAtOnce) {
  auto closed = close();
  EXPECT_EQ(client_.receive_until_closed(), "");
  EXPECT_EQ(closed.wait_for(0s), std::future_status::timeout) << "it is still there for the client";
  client_.half_close();
  EXPECT_LT(closed.get(), linger_time) << "nobody is there any more";
}

TEST_F(LingerTest, EndsWhenItsTimeIsOver) {
  auto closed = close();
  EXPECT_EQ(closed.wait_for(5 * linger_time), std::future_status::ready);
  client_.reset();  // whatever it waits for
  EXPECT_GE(closed.get(), linger_time);
  EXPECT_FALSE(server_.is_open());
}

TEST_F(LingerTest, EndsWhenItsTimeIsOverAlsoWhereTheClientGoesOnSending) {
  auto closed = close();
  const auto patience = Clock::now() + 10 * linger_time;
  try {
    while (Clock::now() < patience) client_.send(std::string(4096, 'x'));
  } catch (const std::system_error&) {  // the server has closed
  }
  client_.reset();
  EXPECT_LT(closed.get(), 5 * linger_time);
}

}  // namespace
}  // namespace kv::test
