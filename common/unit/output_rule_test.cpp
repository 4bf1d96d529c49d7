// Nothing leaves the server, neither an answer nor an event, before the disk has what it tells of.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "fixtures/frame_client.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"
#include "running_server.hpp"

namespace kv::test {
namespace {

using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;
using wire::MaybeValue;

class OutputRule : public testing::Test {
 protected:
  RunningServer serve() {
    return RunningServer{HooksBuilder{}, {}, std::make_unique<SimulatedFolder>(folder_)};
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  SimulatedFolder folder_;
};

TEST_F(OutputRule, HoldsBackAnswersReadsAndEventsUntilTheSync) {
  const auto server = serve();
  FrameClient writer{server.port()}, reader{server.port()}, watcher{server.port()};
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  Gate gate;
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
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
  RunningServer server{
      HooksBuilder{}, {.frame_bytes_max = frame_bytes}, std::make_unique<SimulatedFolder>(folder_)};
  FrameClient writer{server.port()}, sender{server.port()};
  server.wait_for_connections(2);  // or the worker itself may write for the only one
  Gate gate;
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
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
  const auto server = serve();
  FrameClient writer{server.port()}, reader{server.port()}, watcher{server.port()};
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  writer.send_frame(wire::hset("t", "k", 1));
  EXPECT_TRUE(writer.closed_within(10s));
  EXPECT_TRUE(watcher.closed_within(10s));
  reader.send_frame(wire::hget("t", "k"));
  EXPECT_TRUE(reader.closed_within(10s));
}

/// The power goes before each sync, between the writes and the sync that makes them last.
TEST_F(OutputRule, LetsNoClientKnowMoreThanTheDisk) {
  constexpr int writes = 150;
  const auto server = serve();
  std::array<std::atomic<int>, 3> known{};  // the largest number that each client has heard of
  std::atomic<int> crashes = 0;
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.kind != Kind::sync_file) return std::nullopt;
    const std::array<int, 3> heard{known[0], known[1], known[2]};  // before the power goes
    const auto found =
        look(folder_.after_power_loss(seed_ + static_cast<std::uint32_t>(operation.number)));
    ++crashes;
    for (const int number : heard) {
      if (number == 0) continue;
      const auto& rows = found.at("t");
      EXPECT_GE(std::stoi(rows.at("k").substr(rows.at("k").find("value ") + 6)), number);
    }
    return std::nullopt;
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
