// What a client can make a server hold: next to nothing, whatever it announces, asks for or leaves
// unread.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/growth.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

constexpr std::size_t growth_max = 16 * mib;

/// What a message may take on top of that while it is read or written. Nothing, where its fields
/// are read one by one; as objects of protobuf's classes it takes up to KV_MESSAGE_GROWTH (of the
/// environment) times its bytes.
std::size_t message_growth(std::size_t message_bytes) {
  const char* const times = std::getenv("KV_MESSAGE_GROWTH");
  return times ? std::strtoul(times, nullptr, 10) * message_bytes : 0;
}

std::string repeated(const std::string& bytes, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += bytes;
  return out;
}

/// A frame's beginning: a length, and too few bytes.
std::string begun_frame(std::size_t announced, std::size_t sent) {
  return std::string{static_cast<char>(announced >> 24), static_cast<char>(announced >> 16 & 0xff),
                     static_cast<char>(announced >> 8 & 0xff),
                     static_cast<char>(announced & 0xff)} +
         std::string(sent, 'x');
}

/// A server with 1 MiB at t/k, whose memory has seen one such answer go out.
struct Loaded {
  explicit Loaded(std::vector<std::string> flags = {}) : server{std::move(flags)} {
    EXPECT_TRUE(witness.answers(wire::hset("t", "k", big), wire::ok({std::nullopt})));
    EXPECT_TRUE(witness.answers(wire::hget("t", "k"), wire::ok({big})));
  }

  const std::string big = std::string(mib, 'b');
  ServerProcess server;
  FrameClient witness{server.port()};
};

TEST(FrameMemory, AReaderThatReadsNothingIsNotBufferedFor) {
  constexpr int kRequests = 600;
  Loaded loaded{{"--threads", "1"}};
  const Growth growth{loaded.server};
  FrameClient greedy{loaded.server.port()};
  greedy.send_raw(repeated(wire::frame(wire::hget("t", "k")), kRequests));
  // The one thread does what it wants to do for the greedy one between two of these answers.
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(loaded.witness.answers(wire::ping(), {200, "PONG"}));
  EXPECT_LE(growth.peak(), growth_max);
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(greedy.receives(wire::ok({loaded.big}))) << i;
  EXPECT_LE(growth.peak(), growth_max);
  figure("growth_bytes", growth.peak());
}

TEST(FrameMemory, SixtyFourKibOfHgetsAreNoBomb) {
  Loaded loaded{{"--threads", "1"}};
  const std::string request = wire::frame(wire::hget("t", "k"));
  const int requests = static_cast<int>(64 * kib / request.size());
  const Growth growth{loaded.server};
  FrameClient greedy{loaded.server.port()};
  greedy.send_raw(repeated(request, requests));
  ASSERT_TRUE(greedy.receives(wire::ok({loaded.big})));
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(loaded.witness.answers(wire::ping(), {200, "PONG"}));
  EXPECT_LE(growth.peak(), growth_max);
  figure("asked_for_bytes", static_cast<std::size_t>(requests) * mib);
  figure("growth_bytes", growth.peak());
}

TEST(FrameMemory, ManyReadersThatReadNothingAreNotBufferedFor) {
  constexpr int kReaders = 8;
  Loaded loaded{{"--threads", "1"}};
  const Growth growth{loaded.server};
  std::vector<FrameClient> greedy;
  for (int i = 0; i < kReaders; ++i) {
    greedy.emplace_back(loaded.server.port());
    greedy.back().send_raw(repeated(wire::frame(wire::hget("t", "k")), 100));
  }
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(loaded.witness.answers(wire::ping(), {200, "PONG"}));
  // Each may hold the answers of one round: what may wait, and the one that went beyond.
  EXPECT_LE(growth.peak(), growth_max + kReaders * 2 * mib);
  figure("growth_bytes", growth.peak());
}

TEST(FrameMemory, AnAnswerThatIsTooLongIsNotMadeFirst) {
  const std::vector<std::string> thousand(1'000, "k");  // an answer of 1 GiB
  for (const std::size_t max_frame : {4 * mib, 64 * mib}) {
    Loaded loaded{{"--max-frame", std::to_string(max_frame)}};
    const Growth growth{loaded.server};
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(loaded.witness.refuses(wire::hmget("t", thousand), 413));
    }
    EXPECT_LE(growth.peak(), max_frame + growth_max) << "an answer of --max-frame may be gathered";
  }
}

TEST(FrameMemory, AMillionKeysInOneRequestAre413) {
  Loaded loaded;
  const Growth growth{loaded.server};
  const std::string request = wire::hmget("t", std::vector<std::string>(1'000'000, "k"));
  ASSERT_LT(request.size(), 4 * mib);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(loaded.witness.refuses(request, 413));
  // A key of one byte takes three on the wire, and a string of 32 bytes in memory; twice so much
  // while their vector grows.
  EXPECT_LE(growth.peak(), 80 * mib + message_growth(request.size()));
  figure("growth_bytes", growth.peak());
  EXPECT_TRUE(loaded.witness.answers(wire::hget("t", "k"), wire::ok({loaded.big})));
}

// The shortest keys and pairs that there are, in the longest frame of a server.
TEST(FrameMemory, ACommandOfVeryManyKeysTakesEightTimesItsFrameAtMost) {
  constexpr std::size_t frame = 16 * mib;
  const std::string key = wire::bytes_field(2, "x");
  const std::string pair = wire::bytes_field(2, wire::encode(wire::Pair{"x", true}));
  for (const auto& [command, item] : {std::pair{3U, key}, {5U, pair}, {7U, key}, {9U, key}}) {
    Loaded loaded{{"--max-frame", std::to_string(frame)}};
    const Growth growth{loaded.server};
    const auto ask = [&, command = command, item = item](std::size_t items) {
      const std::string many = repeated(item, static_cast<int>(items));
      return loaded.witness.ask(wire::bytes_field(command, wire::bytes_field(1, "t") + many));
    };
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(ask(frame / item.size() - 10).status, 413u) << command;
    EXPECT_EQ(ask(frame / 40 + 1).status, 413u) << command;
    const auto answer = ask(frame / 40);
    EXPECT_EQ(answer.status, 200u) << command << answer.message;
    EXPECT_EQ(answer.values.size(), frame / 40);
    const auto took = std::chrono::steady_clock::now() - start;
    figure("growth_in_frames", static_cast<double>(growth.peak()) / frame);
    EXPECT_LE(growth.peak(), std::max(8 * frame, message_growth(frame))) << command;
    EXPECT_LT(took, 15s) << command << ", three of them";
  }
}

TEST(FrameMemory, ATableOfVeryManyKeysTakesEightTimesItsAnswerAtMost) {
  constexpr std::size_t frame = 16 * mib;
  constexpr int kCommands = 13, kPairs = 100'000;  // 1.3 million pairs of 12 bytes
  ServerProcess server{{"--max-frame", std::to_string(frame)}};
  FrameClient client{server.port()};
  for (int i = 0; i < kCommands; ++i) {
    std::string pairs;
    for (int j = 0; j < kPairs; ++j) {
      const int n = i * kPairs + j;
      const std::string key{static_cast<char>('0' + n % 64), static_cast<char>('0' + n / 64 % 64),
                            static_cast<char>('0' + n / 4'096 % 64),
                            static_cast<char>('0' + n / 262'144)};
      pairs += wire::bytes_field(2, wire::encode(wire::Pair{key, true}));
    }
    ASSERT_EQ(client.ask(wire::bytes_field(5, wire::bytes_field(1, "t") + pairs)).status, 200u);
  }
  const Growth growth{server};
  client.send_frame(wire::hgetall("t"));
  EXPECT_EQ(client.receive_frame().size(), 3 + 12 * std::size_t{kCommands} * kPairs);
  figure("growth_in_frames", static_cast<double>(growth.peak()) / frame);
  EXPECT_LE(growth.peak(), std::max(8 * frame, message_growth(frame)));
}

TEST(FrameMemory, MillionsOfEmptyPairsOrKeysAre400) {
  const std::string empty = wire::bytes_field(2, "");
  for (const std::uint32_t command : {3U, 5U}) {  // HMGET's keys, HMSET's pairs
    Loaded loaded;
    const Growth growth{loaded.server};
    const std::string request = wire::bytes_field(
        command, wire::bytes_field(1, "t") + repeated(empty, static_cast<int>(2 * mib - 16)));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(loaded.witness.refuses(request, 400));
    EXPECT_LE(growth.peak(), growth_max + message_growth(request.size()));
    figure("growth_bytes_of_command_" + std::to_string(command), growth.peak());
  }
}

TEST(FrameMemory, LengthsAreNotBelieved) {
  constexpr int kClients = 50;
  for (const std::size_t length : {4 * mib, 64 * mib}) {
    ServerProcess server{ServerProcess::Options{.flags = {"--max-frame", std::to_string(length)},
                                                .before = {"prlimit", "--as=2147483648"}}};
    FrameClient witness{server.port()};
    ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
    const Growth growth{server};
    std::vector<FrameClient> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back(server.port());
      clients.back().send_raw(wire::frame(wire::ping()) + begun_frame(length, 100));
      ASSERT_TRUE(clients.back().receives({200, "PONG"}));  // so what came behind has been read
    }
    EXPECT_LE(growth.peak(), growth_max);
    figure("growth_bytes_at_lengths_of_" + std::to_string(length), growth.peak());
    EXPECT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
    EXPECT_TRUE(served_within(server.port(), 10s));
  }
}

// What a message holds beside its known fields must not cost more than what it might hold in them.
TEST(FrameMemory, AFrameOfUnknownFieldsIsBoundedToo) {
  const std::string kinds[] = {wire::varint_field(99, 1), wire::bytes_field(99, ""),
                               "\x9b\x06\x9c\x06"};  // the last: a group of nothing
  for (const std::string& field : kinds) {
    Loaded loaded;
    const Growth growth{loaded.server};
    const std::string fields = repeated(field, static_cast<int>((4 * mib - 16) / field.size()));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(loaded.witness.answers(wire::ping() + fields, {200, "PONG"}));
    }
    EXPECT_LE(growth.peak(), growth_max + message_growth(fields.size()));
    figure("growth_bytes_of_type_" + std::to_string(field[0] & 7), growth.peak());
    figure("growth_bytes_kept_of_type_" + std::to_string(field[0] & 7), growth.now());
  }
}

TEST(FrameMemory, ALargeFrameLeavesNothingToTheFrameAfterIt) {
  constexpr int kClients = 60;
  ServerProcess server{{"--threads", "1"}};  // the allocator keeps something for each
  const std::string message(3 * mib, 'm');
  const std::string bytes = wire::frame(wire::ping(message)) + begun_frame(100, 1);
  std::vector<FrameClient> clients;
  const auto add_one = [&] {
    clients.emplace_back(server.port());
    clients.back().send_raw(bytes);
    ASSERT_TRUE(clients.back().receives({200, message}));
  };
  add_one();
  const Growth growth{server};
  while (clients.size() < kClients) add_one();
  EXPECT_LE(growth.now(), growth_max + 3 * 4 * mib) << "of which the last ones may not be back yet";
  figure("growth_bytes", growth.now());
}

TEST(FrameMemory, ManyAnswersLeaveNothingBehind) {
  constexpr int kClients = 200, kFrames = 8'000;
  ServerProcess server{{"--threads", "1"}};
  const std::string empty_frames(4 * kFrames, '\0');
  std::vector<FrameClient> clients;
  const auto add_one = [&] {
    clients.emplace_back(server.port());
    clients.back().send_raw(empty_frames);
    for (int i = 0; i < kFrames; ++i) ASSERT_TRUE(clients.back().receives_error(400));
  };
  add_one();
  const Growth growth{server};
  while (clients.size() < kClients) add_one();
  EXPECT_LE(growth.now(), growth_max + kClients * 64 * kib);
  figure("growth_bytes", growth.now());
}

/// A thread takes 512 MiB of 2 GiB: some start, and some do not.
TEST(FrameMemory, TooLittleForTheThreadsIsNoStart) {
  const TempFolder folder;
  std::vector<std::string> command{"prlimit", "--as=2147483648", "--stack=536870912",
                                   server_program()};
  for (const auto& flag : with_environment_flags({"--port", "0", "--threads", "8"}, folder.path()))
    command.push_back(flag);
  const Finished finished = run(command);
  EXPECT_EQ(finished.status, 1);
  EXPECT_NE(finished.err.find("kv-server: cannot start a thread: "), std::string::npos)
      << finished.err;
}

/// Sends as much of `bytes` as the server takes; none of it once the server has closed.
class Sender {
 public:
  Sender(std::uint16_t port, std::string bytes) : client_{port}, bytes_{std::move(bytes)} {}

  std::size_t send_some() {
    try {
      const std::size_t sent = client_.socket().send_some(std::string_view{bytes_}.substr(sent_));
      sent_ += sent;
      return sent;
    } catch (const std::runtime_error&) {
      return 0;  // closed: one way of not holding it
    }
  }

  bool answered() { return client_.socket().readable_within(0ms); }  // with anything, or the end

  /// Whether the server has said that it holds too much, and has closed.
  bool refused() { return answered() && client_.receive_response().status == 503; }

 private:
  FrameClient client_;
  std::string bytes_;
  std::size_t sent_ = 0;
};

TEST(FrameMemory, UnfinishedFramesTogetherAreBounded) {
  constexpr int kClients = 200;  // 800 MiB, of which 256 MiB may be held
  // So that what is freed counts no longer: jemalloc would keep it for some seconds, and glibc, in
  // holes of its heap, for longer.
  ServerProcess server{ServerProcess::Options{
      .flags = {"--frame-timeout", "120"},
      .before = {"env", "MALLOC_CONF=dirty_decay_ms:0", "MALLOC_MMAP_THRESHOLD_=131072"}}};
  FrameClient witness{server.port()};
  ASSERT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
  const Growth growth{server};
  std::vector<Sender> senders;
  for (int i = 0; i < kClients; ++i)
    senders.emplace_back(server.port(), begun_frame(4 * mib, 4 * mib - 1));
  // Until somebody is refused and nothing has moved for half a second; a server that is kept from
  // running can stand still before.
  const auto end = std::chrono::steady_clock::now() + 30s;
  for (int still = 0; still < 10 || std::ranges::none_of(senders, &Sender::answered);) {
    if (std::chrono::steady_clock::now() > end) break;
    std::size_t moved = 0;
    for (Sender& sender : senders) moved += sender.send_some();
    if (moved > 0) {
      still = 0;
    } else if (!witness.socket().readable_within(50ms)) {
      ++still;
    } else {
      FAIL() << "the witness was told something that it did not ask for";
    }
  }
  figure("growth_bytes", growth.peak());
  EXPECT_LE(growth.peak(), 256 * mib + growth_max);
  EXPECT_GE(growth.peak(), 128 * mib) << "so much anybody may send";
  const auto refused = std::ranges::count_if(senders, &Sender::refused);
  figure("refused", refused);
  EXPECT_GT(refused, 0);
  EXPECT_TRUE(witness.answers(wire::ping(), {200, "PONG"}));
  EXPECT_TRUE(served_within(server.port(), 10s));
}

/// From stage 4.
TEST(EventsMemory, WatchersThatHaveLeftLeaveNothingBehind) {
  Loaded loaded;
  for (int i = 0; i < 1'000; ++i) {
    FrameClient watcher{loaded.server.port()};
    EXPECT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  }
  const Growth growth{loaded.server};
  const std::vector<std::string> requests(4'000, wire::hset("t", "small", 1));
  for (const auto& answer : loaded.witness.ask_all(requests)) ASSERT_EQ(answer.status, 200u);
  EXPECT_LE(growth.peak(), growth_max);
}

TEST(EventsMemory, WatchersThatReadNothingAreNotBufferedFor) {
  constexpr int kWatchers = 20;
  Loaded loaded;
  std::vector<FrameClient> watchers;
  for (int i = 0; i < kWatchers; ++i) {
    watchers.emplace_back(loaded.server.port());
    EXPECT_TRUE(watchers.back().answers(wire::watch("t"), wire::ok()));
  }
  const Growth growth{loaded.server};
  const std::string half(mib / 2, 'h');
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(loaded.witness.ask(wire::hset("t", "k", half)).status, 200u);
  // Each may have 1 MiB waiting, and under way what it had taken before.
  EXPECT_LE(growth.peak(), growth_max + kWatchers * 2 * mib);
}

}  // namespace
}  // namespace kv::test
