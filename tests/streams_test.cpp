// Programs whose standard streams are closed, full, of the wrong kind, or read by nobody.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "fixtures/deadline.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

/// What a shell says to close these of the standard streams.
std::string closing(int subset) {
  std::string words;
  if (subset & 1) words += " <&-";
  if (subset & 2) words += " >&-";
  if (subset & 4) words += " 2>&-";
  return words;
}

/// A program whose streams a shell has redirected.
Words redirected(const std::string& redirections, const Words& program) {
  Words words{"sh", "-c", "exec \"$0\" \"$@\"" + redirections};
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

/// A port that no other program gets until the end of life; a server may listen on it.
class ReservedPort {
 public:
  ReservedPort() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int yes = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<::sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<::sockaddr*>(&address), &size) != 0)
      throw std::system_error{errno, std::generic_category(), "bind"};
    number_ = ntohs(address.sin_port);
  }
  std::uint16_t number() const { return number_; }

 private:
  Descriptor socket_;
  std::uint16_t number_;
};

class Streams : public testing::Test {
 protected:
  Words server(std::uint16_t port, Words flags = {}) const {
    Words words{server_program(), "--port", std::to_string(port)};
    for (auto& flag : with_environment_flags(std::move(flags), folder_.path())) {
      words.push_back(std::move(flag));
    }
    return words;
  }

  /// Starts a server that may be unable to say that it listens, and waits until it serves.
  std::unique_ptr<Process> start(const std::string& redirections, std::uint16_t port) const {
    auto process = std::make_unique<Process>(redirected(redirections, server(port)),
                                             (folder_.path() / "out").string(),
                                             (folder_.path() / "err").string());
    for (const auto end = std::chrono::steady_clock::now() + 20s;;) {
      try {
        Socket client{port};
        client.send("PING\r\n");  // is answered by every stage, if only as a frame that is too long
        EXPECT_TRUE(client.readable_within(10s));
        return process;
      } catch (const std::runtime_error&) {
        if (!process->running() || std::chrono::steady_clock::now() > end) throw;
      }
    }
  }

  static void expect_orderly_end(Process& process) {
    process.send_signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
  }

  const TempFolder folder_;
};

/// Every stage.
class StreamsOfServer : public Streams {};

TEST_F(StreamsOfServer, AnyMayBeClosed) {
  for (int subset = 0; subset < 8; ++subset) {
    SCOPED_TRACE("streams closed:" + closing(subset));
    const ReservedPort port;
    const auto process = start(closing(subset), port.number());
    for (int stream = 0; stream < 3; ++stream) {
      if ((subset & (1 << stream)) == 0) continue;
      const auto link = "/proc/" + std::to_string(process->pid()) + "/fd/" + std::to_string(stream);
      EXPECT_EQ(std::filesystem::read_symlink(link), "/dev/null") << "no file gets its number";
    }
    expect_orderly_end(*process);
  }
}

TEST_F(StreamsOfServer, AStartThatCannotBeAnnouncedIsNone) {
  const std::string file = (folder_.path() / "file").string();
  std::ofstream{file}.close();
  for (const std::string& output : {std::string{" >/dev/full"}, " 1<" + file}) {
    const Finished finished = run(redirected(output, server(0, {"--log-level", "off"})), {}, 10s);
    EXPECT_EQ(finished.status, 1) << output;
    EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output: ")) << output;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
  }
}

TEST_F(StreamsOfServer, AnAnnouncementThatNobodyReadsIsNoSignal) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  const Descriptor writes{ends[1]}, nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  Process process{server(0), Process::Streams{nothing.get(), writes.get(), nothing.get()}};
  EXPECT_EQ(process.wait(10s), 1);
}

TEST_F(StreamsOfServer, HelpThatIsLostIsExitStatus74) {
  for (const char* output : {" >/dev/full", " >&-", " 1</dev/null"}) {
    for (const char* flag : {"--help", "--version"}) {
      const Finished finished = run(redirected(output, {server_program(), flag}));
      EXPECT_EQ(finished.status, 74) << flag << output;
      EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output: "));
      EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    }
  }
}

/// From stage 3 on, where a server logs something whatever happens.
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
  std::string log = read_all(reader);
  EXPECT_THAT(log, testing::EndsWith("\n")) << "whole lines only";

  EXPECT_TRUE(client.answers(wire::ping("now"), {200, "now"}));
  const std::string after = read_all(reader);  // the line is written before the answer
  const auto gap = after.find(" lines are missing here: nobody read them\n");
  ASSERT_NE(gap, std::string::npos) << after;
  const auto missing = std::stoul(after.substr(after.rfind(' ', gap - 1)));
  log += after;
  std::size_t written = 0;
  for (auto at = log.find("slow: "); at != std::string::npos; at = log.find("slow: ", at + 1)) {
    ++written;
  }
  EXPECT_GT(written, 100u);
  EXPECT_EQ(written + missing, pings + 1);
}

TEST_F(StreamsSlowLog, APipeThatNobodyReadsDoesNotKeepItFromEnding) {
  const Descriptor reader = end(O_RDWR);
  ServerProcess server{to_pipe({"--slow-log-ms", "0"})};
  FrameClient{server.port()}.ask_all(std::vector<std::string>(2'000, wire::ping()));
  server.terminate();
  EXPECT_EQ(server.wait(10s), 0);
}

/// Stage 5: the numbers 0 to 2 must not become those of data files.
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
