// Nothing leaves the server, neither an answer nor an event, before the disk has what it tells of.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/log_reader.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/seed.hpp"
#include "open_log.hpp"
#include "running_server.hpp"

namespace kv::test {
namespace {

using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;
using wire::MaybeValue;

class OutputRule : public testing::Test {
 protected:
  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  SimulatedFolder folder_;
  OpenLog log_{folder_};
};

TEST_F(OutputRule, HoldsBackAnswersReadsAndEventsUntilTheSync) {
  const RunningServer server{HooksBuilder{}, {}, &log_.wal()};
  FrameClient writer{server.port()}, reader{server.port()}, watcher{server.port()};
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  Gate gate;
  folder_.set_hook(gate.hook(Kind::sync_file, "log-"));
  writer.send_frame(wire::hset("t", "k", 1));
  gate.wait_for_somebody();
  reader.send_frame(wire::hget("t", "k"));
  for (auto* client : {&writer, &reader, &watcher})
    EXPECT_FALSE(client->socket().readable_within(100ms));
  gate.open();
  EXPECT_TRUE(writer.receives(wire::ok({std::nullopt})));
  EXPECT_TRUE(reader.receives(wire::ok({1})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k", 1}})));
}

/// More of it than the kernel would keep: the server reads on, although it could not answer.
TEST_F(OutputRule, LetsAFrameComeInMeanwhile) {
  constexpr std::size_t frame_bytes = 48 * 1024 * 1024;
  RunningServer server{HooksBuilder{}, {.frame_bytes_max = frame_bytes}, &log_.wal()};
  FrameClient writer{server.port()}, sender{server.port()};
  Gate gate;
  folder_.set_hook(gate.hook(Kind::sync_file, "log-"));
  writer.send_frame(wire::hset("t", "k", 1));
  gate.wait_for_somebody();
  std::string frame(4 + frame_bytes, '\xff');
  frame[0] = static_cast<char>(frame_bytes >> 24);
  frame[1] = static_cast<char>(frame_bytes >> 16);
  frame[2] = frame[3] = '\0';
  EXPECT_NO_THROW(sender.send_raw(frame));
  gate.open();
  EXPECT_TRUE(writer.receives(wire::ok({std::nullopt})));
  EXPECT_TRUE(sender.receives_error(400));
}

TEST_F(OutputRule, LetsNobodyHearAnythingAfterAFailedSync) {
  const RunningServer server{HooksBuilder{}, {}, &log_.wal()};
  FrameClient writer{server.port()}, reader{server.port()}, watcher{server.port()};
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  folder_.set_hook(fail_next(Kind::sync_file, "log-"));
  writer.send_frame(wire::hset("t", "k", 1));
  EXPECT_TRUE(writer.closed_within(10s));
  EXPECT_TRUE(watcher.closed_within(10s));
  reader.send_frame(wire::hget("t", "k"));
  EXPECT_TRUE(reader.closed_within(10s));
}

/// The power goes before each sync, between the writes and the sync that makes them last.
TEST_F(OutputRule, LetsNoClientKnowMoreThanTheDisk) {
  constexpr int writes = 150;
  const RunningServer server{HooksBuilder{}, {}, &log_.wal()};
  std::array<std::atomic<int>, 3> known{};  // the largest number that each client has heard of
  std::atomic<int> crashes = 0;
  folder_.set_hook([&](const Operation& operation) {
    if (operation.kind != Kind::sync_file) return false;
    const std::array<int, 3> heard{known[0], known[1], known[2]};  // before the power goes
    const auto found =
        folder_.after_power_loss(seed_ + static_cast<std::uint32_t>(operation.number));
    const auto log = read_log(found.bytes("log-1"), log_magic);
    EXPECT_TRUE(log);
    ++crashes;
    for (const int number : heard) EXPECT_GE(log->next_lsn - 1, Lsn(number));  // one client writes
    return false;
  });
  const auto number_of = [](const MaybeValue& value) {
    return value ? std::stoi(std::get<std::string>(value->held).substr(6)) : 0;
  };
  FrameClient watcher{server.port()};
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  std::thread writer{[&] {
    FrameClient client{server.port()};
    for (int i = 1; i <= writes; ++i) {
      EXPECT_EQ(client.ask(wire::hset("t", "k", "value " + std::to_string(i))).status, 200u);
      known[0] = i;
    }
  }};
  std::thread reader{[&] {
    FrameClient client{server.port()};
    while (known[1] < writes) {
      const auto response = client.ask(wire::hget("t", "k"));
      if (response.status == 200) known[1] = number_of(response.values.at(0));
    }
  }};
  while (known[2] < writes) known[2] = number_of(watcher.receive_response().pairs.at(0).value);
  writer.join();
  reader.join();
  folder_.set_hook(nullptr);
  EXPECT_GE(crashes, writes);  // one client that writes: a sync for each
}

}  // namespace
}  // namespace kv::test
