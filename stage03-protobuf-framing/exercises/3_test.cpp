// HGETALL on a pool of threads: one that takes long holds up nobody but who asked for it.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string_view>

#include "fixtures/frame_client.hpp"
#include "net/worker.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace kv::test {
namespace {

/// A table whose HGETALL ends when the test says so.
class SlowTable : public MemTable {
 public:
  using MemTable::MemTable;

  Result<std::unique_ptr<Iterator>> get_iter(std::string_view table) const override {
    begun_.set_value();
    open_.wait();
    return MemTable::get_iter(table);
  }

  bool has_begun() { return begun_.get_future().wait_for(10s) == std::future_status::ready; }
  void go_on() { gate_.set_value(); }

 private:
  mutable std::promise<void> begun_;
  std::promise<void> gate_;
  std::shared_future<void> open_{gate_.get_future()};
};

/// One worker, so one thread for all sessions, and a table that is slow once.
class SlowCommand : public testing::Test {
 protected:
  ~SlowCommand() override {
    if (!gone_on_) table_.go_on();
    worker_.stop();
  }

  FrameClient connect() {
    FrameClient client{acceptor_.local_endpoint().port()};
    client.socket().set_timeout(5s);
    tcp::socket socket{worker_.context()};
    acceptor_.accept(socket);
    worker_.start(std::move(socket));
    return client;
  }

  void go_on() {
    gone_on_ = true;
    table_.go_on();
  }

  Options options_;
  SlowTable table_{answer_limit(options_.frame_bytes_max)};
  Service service_{table_};
  Load load_;
  Shared shared_{options_, service_, load_};

  boost::asio::io_context accepting_;
  tcp::acceptor acceptor_{accepting_, {boost::asio::ip::address_v4::loopback(), 0}};
  Worker worker_{shared_};
  bool gone_on_ = false;
  std::future<void> ended_ = std::async(std::launch::async, [this] { worker_.run(); });
};

TEST_F(SlowCommand, HoldsUpNobodyElse) {
  auto slow = connect(), quick = connect();
  slow.send_frame(wire::hgetall("t"));
  ASSERT_TRUE(table_.has_begun());
  EXPECT_TRUE(quick.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(quick.answers(wire::hset("t", "k", 1), wire::ok({std::nullopt})));
  go_on();
  EXPECT_TRUE(slow.receives(wire::ok_pairs({{"k", 1}})));
}

TEST_F(SlowCommand, OfItsOwnClientIsAnsweredInItsTurn) {
  auto client = connect();
  client.send_raw(wire::frame(wire::ping("before")) + wire::frame(wire::hgetall("t")) +
                  wire::frame(wire::ping("after")));
  ASSERT_TRUE(table_.has_begun());
  go_on();
  EXPECT_TRUE(client.receives({200, "before"}));
  EXPECT_TRUE(client.receives(wire::ok()));
  EXPECT_TRUE(client.receives({200, "after"}));
}

TEST_F(SlowCommand, OfAClientThatHasLeftHarmsNobody) {
  auto quick = connect();
  {
    auto slow = connect();
    slow.send_frame(wire::hgetall("t"));
    ASSERT_TRUE(table_.has_begun());
    slow.socket().reset();
  }
  EXPECT_TRUE(quick.answers(wire::ping(), {200, "PONG"}));
  go_on();
  EXPECT_TRUE(quick.answers(wire::ping(), {200, "PONG"}));
}

TEST_F(SlowCommand, OutlivesItsWorkersThread) {
  auto slow = connect();
  slow.send_frame(wire::hgetall("t"));
  ASSERT_TRUE(table_.has_begun());
  worker_.stop();
  EXPECT_EQ(ended_.wait_for(5s), std::future_status::ready) << "a thread of the pool executes it";
}

}  // namespace
}  // namespace kv::test
