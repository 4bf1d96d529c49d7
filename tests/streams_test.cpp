// A server whose standard streams are closed, full, of the wrong kind, or read by nobody.

#include "streams.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace kv::test {
namespace {

using testing::HasSubstr;

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
    const Finished finished = run(redirected(output, server(0)), {}, 10s);
    EXPECT_EQ(finished.status, 1) << output;
    const auto last = finished.err.rfind("kv-server: cannot write to standard output: ");
    ASSERT_NE(last, std::string::npos) << finished.err;
    EXPECT_EQ(finished.err.find('\n', last), finished.err.size() - 1) << finished.err;
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

}  // namespace
}  // namespace kv::test
