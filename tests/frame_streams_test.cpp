// Standard streams that are closed, full, or read by nobody: what a server goes on logging, and
// what its store and kv-inspect make of them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "fixtures/deadline.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/wire.hpp"
#include "streams.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;

/// A server that logs something whatever happens.
class StreamsLog : public Streams {
 protected:
  void SetUp() override { ASSERT_EQ(::mkfifo(pipe_.c_str(), 0600), 0); }

  ServerProcess::Options to_pipe(Words flags = {}) const {
    return {.flags = std::move(flags), .before = redirected(" 2>" + pipe_, {})};
  }

  /// Another end of the pipe, that waits for nobody.
  Descriptor end(int mode) const {
    return Descriptor{::open(pipe_.c_str(), mode | O_NONBLOCK | O_CLOEXEC)};
  }

  static std::string read_all(const Descriptor& reader) {
    std::string bytes;
    char chunk[4096];
    for (ssize_t count; (count = ::read(reader.get(), chunk, sizeof chunk)) > 0;) {
      bytes.append(chunk, static_cast<std::size_t>(count));
    }
    return bytes;
  }

  const std::string pipe_ = (folder_.path() / "pipe").string();
};

TEST_F(StreamsLog, AReaderThatHasGoneCostsNoMoreThanLines) {
  Descriptor reader = end(O_RDONLY);
  ServerProcess server{to_pipe()};
  reader.close();
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::ping(), {200, "PONG"}));
  server.terminate();  // of which it logs a line
  EXPECT_EQ(server.wait(), 0);
}

/// From stage 4 on, where each command may be a line of the log.
class StreamsSlowLog : public StreamsLog {};

TEST_F(StreamsSlowLog, APipeThatNobodyReadsStopsNobodyAndTheGapIsTold) {
  constexpr std::size_t pings = 5'000;  // some five times what a pipe holds
  const Descriptor reader = end(O_RDWR);
  ServerProcess server{to_pipe({"--slow-log-ms", "0", "--threads", "1"})};
  FrameClient client{server.port()};
  EXPECT_EQ(client.ask_all(std::vector<std::string>(pings, wire::ping())).size(), pings);
  // Lines come after the answers; those before an answer's command are there with it.
  EXPECT_TRUE(client.answers(wire::ping("full"), {200, "full"}));
  std::string log = read_all(reader);
  EXPECT_THAT(log, testing::EndsWith("\n")) << "whole lines only";

  EXPECT_TRUE(client.answers(wire::ping("room"), {200, "room"}));
  server.terminate();
  EXPECT_EQ(server.wait(10s), 0);
  log += read_all(reader);
  const auto gap = log.find(" lines are missing here: nobody read them\n");
  ASSERT_NE(gap, std::string::npos)
      << log.substr(log.size() - std::min<std::size_t>(log.size(), 500));
  const auto missing = std::stoul(log.substr(log.rfind(' ', gap - 1)));
  std::size_t written = 0;
  for (auto at = log.find("slow: "); at != std::string::npos; at = log.find("slow: ", at + 1)) {
    ++written;
  }
  EXPECT_GT(written, 100u);
  EXPECT_EQ(written + missing, pings + 2);
}

TEST_F(StreamsSlowLog, APipeThatNobodyReadsDoesNotKeepItFromEnding) {
  const Descriptor reader = end(O_RDWR);
  ServerProcess server{to_pipe({"--slow-log-ms", "0"})};
  FrameClient{server.port()}.ask_all(std::vector<std::string>(2'000, wire::ping()));
  server.terminate();
  EXPECT_EQ(server.wait(10s), 0);
}

/// Stages 6 and 7: the numbers 0 to 2 must not become those of data files.
class StreamsStore : public Streams {};

TEST_F(StreamsStore, WhicheverIsClosedTheDataIsThereAfterARestart) {
  for (int subset = 0; subset < 8; ++subset) {
    SCOPED_TRACE("streams closed:" + closing(subset));
    const ReservedPort port;
    const std::string key = std::to_string(subset);
    auto process = start(closing(subset), port.number());
    EXPECT_TRUE(
        FrameClient{port.number()}.answers(wire::hset("t", key, "kept"), wire::ok({std::nullopt})));
    expect_orderly_end(*process);

    process = start(closing(subset), port.number());
    EXPECT_TRUE(FrameClient{port.number()}.answers(wire::hget("t", key), wire::ok({"kept"})));
    process->send_signal(SIGKILL);
    process->wait();
    const Finished inspected = run({inspect_program(), (folder_.path() / "data").string()});
    EXPECT_EQ(inspected.status, 0) << inspected.err;
  }
}

TEST_F(StreamsStore, InspectSaysWhenItsOutputIsLost) {
  const ReservedPort port;
  expect_orderly_end(*start("", port.number()));
  const std::string data = (folder_.path() / "data").string();
  for (const char* output : {" >/dev/full", " >&-", " 1</dev/null"}) {
    for (const std::string& word : {data, std::string{"--help"}, std::string{"--version"}}) {
      const Finished finished = run(redirected(output, {inspect_program(), word}));
      EXPECT_EQ(finished.status, 74) << word << output;
      EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output: "));
      EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    }
  }
  for (int subset = 0; subset < 8; ++subset) {
    EXPECT_EQ(run(redirected(closing(subset), {inspect_program(), data})).status,
              subset & 2 ? 74 : 0)
        << closing(subset);
  }
}

}  // namespace
}  // namespace kv::test
