#include "net/worker.hpp"

#include <gtest/gtest.h>

#include <future>
#include <new>
#include <thread>

#include "base/limits.hpp"
#include "fixtures/frame_client.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::test {
namespace {

/// A worker in a thread of its own, without a server: the test accepts its clients.
class WorkerTest : public testing::Test {
 protected:
  ~WorkerTest() override { worker_.stop(); }

  void begin() {
    ended_ = std::async(std::launch::async, [this] { worker_.run(); });
  }

  FrameClient connect() {
    FrameClient client{acceptor_.local_endpoint().port()};
    tcp::socket socket{worker_.context()};
    acceptor_.accept(socket);
    worker_.start(std::move(socket));
    return client;
  }

  bool ends() const { return ended_.wait_for(10s) == std::future_status::ready; }

  void wait_until_nobody_is_connected() const {
    const auto end = Clock::now() + 10s;
    while (load_.sockets > 0 && Clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(load_.sockets, 0u);
  }

  Options options_;
  MemTable memtable_{answer_limit(options_.frame_bytes_max)};
  Service service_{memtable_};
  Load load_;
  Shared shared_{options_, service_, load_};

  boost::asio::io_context accepting_;
  tcp::acceptor acceptor_{accepting_, {boost::asio::ip::address_v4::loopback(), 0}};
  Worker worker_{shared_};
  std::future<void> ended_;  // last: it waits for the thread, which uses all of the above
};

TEST_F(WorkerTest, ServesASecondClientWhileTheFirstIsInTheMiddleOfAFrame) {
  begin();
  auto first = connect(), second = connect();
  first.send_raw(wire::frame(wire::ping()).substr(0, 5));
  EXPECT_TRUE(second.answers(wire::ping(), {200, "PONG"}));
  first.send_raw(wire::frame(wire::ping()).substr(5));
  EXPECT_TRUE(first.receives({200, "PONG"}));
}

TEST_F(WorkerTest, TellsOneClientTooManyThatItIs) {
  options_.max_connections = 1;
  begin();
  auto first = connect(), second = connect();
  EXPECT_TRUE(second.receives_error(503));
  EXPECT_TRUE(second.closed_within(10s));
  EXPECT_TRUE(first.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(WorkerTest, WhoWouldBeOneRefusalTooManyIsToldAtOnce) {
  options_.max_connections = 1;
  load_.sockets = 1 + refusals_max;  // and no thread runs: what is told now is told without a wait
  auto client = connect();
  EXPECT_TRUE(client.receives_error(503));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST_F(WorkerTest, WhenAClientHasLeftItsPlaceIsFree) {
  options_.max_connections = 1;
  begin();
  EXPECT_TRUE(connect().answers(wire::ping(), {200, "PONG"}));
  wait_until_nobody_is_connected();
  EXPECT_TRUE(connect().answers(wire::ping(), {200, "PONG"}));
}

TEST_F(WorkerTest, LooksAtTheDeadlinesOfAllItsSessions) {
  options_.idle_timeout = 20ms;
  begin();
  auto first = connect(), second = connect();
  EXPECT_TRUE(first.closed_within(10s));
  EXPECT_TRUE(second.closed_within(10s));
}

TEST_F(WorkerTest, ADrainEndsItAfterTheLastSession) {
  begin();
  auto idle = connect(), busy = connect();
  EXPECT_TRUE(busy.answers(wire::ping(), {200, "PONG"}));
  busy.send_frame(wire::ping("last"));
  worker_.drain();
  EXPECT_TRUE(busy.receives({200, "last"}));
  EXPECT_TRUE(busy.closed_within(10s));
  EXPECT_TRUE(idle.closed_within(10s));
  EXPECT_TRUE(ends());
}

TEST_F(WorkerTest, AStopEndsItAtOnce) {
  begin();
  auto client = connect();
  EXPECT_TRUE(client.answers(wire::ping(), {200, "PONG"}));
  worker_.stop();
  EXPECT_TRUE(ends());
}

TEST(RunToTheEnd, BeginsAgainWhatMemoryRanOutFor) {
  boost::asio::io_context context;
  int begun = 0;
  run_to_the_end(context, [&begun] {
    if (++begun == 1) throw std::bad_alloc{};
  });
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace kv::test
