// What a server with a token (from stage 4) gives away, and to whom: nothing, and little room to
// those who have not shown it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fixtures/deadline.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

constexpr std::size_t stranger_bytes_max = 16 * 1'024;  // of a frame, before AUTH

class EventsSecrets : public testing::Test {
 protected:
  EventsSecrets() { std::ofstream{token_file_} << token_ << "\n"; }

  /// What any user of the machine can see of a process, with `ps`.
  std::string seen_in_process_list(pid_t pid) const {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  }

  void expect_no_token_in(const std::string& text) const {
    EXPECT_EQ(text.find(token_), std::string::npos) << text;
  }

  TempFolder folder_;
  const std::string token_ = "hunter2-and-more";
  const std::string token_file_ = (folder_.path() / "token").string();
};

TEST_F(EventsSecrets, BeforeAuthenticationAFrameHas16KiBAtMost) {
  ServerProcess server{{"--auth-token-file", token_file_}};
  const std::string overhead = wire::ping(std::string(stranger_bytes_max / 2, 'm'));
  const std::size_t edge = stranger_bytes_max - (overhead.size() - stranger_bytes_max / 2);
  const std::string longest = wire::ping(std::string(edge, 'm'));
  ASSERT_EQ(longest.size(), stranger_bytes_max);
  {
    FrameClient stranger{server.port()};
    EXPECT_TRUE(stranger.refuses(longest, 401)) << "read, and not obeyed";
    EXPECT_TRUE(stranger.refuses(wire::ping(std::string(edge + 1, 'm')), 413));
    EXPECT_TRUE(stranger.closed_within(5s));
  }
  FrameClient announcing{server.port()};
  announcing.send_raw(wire::frame(std::string(stranger_bytes_max + 1, 'm')).substr(0, 4));
  EXPECT_TRUE(announcing.receives_error(413)) << "the length is enough: it need not come";
  FrameClient known{server.port()};
  EXPECT_TRUE(known.answers(wire::auth(token_), wire::ok()));
  const std::string message(4'000'000, 'm');
  EXPECT_TRUE(known.answers(wire::ping(message), {200, message}));
}

TEST_F(EventsSecrets, NoneOfThemIsInTheServersLogOrCommandLine) {
  ServerProcess server{
      {"--auth-token-file", token_file_, "--log-level", "trace", "--slow-log-ms", "0"}};
  for (int i = 0; i < 4; ++i) {
    FrameClient client{server.port()};
    client.ask(wire::auth(token_));
    client.ask(wire::hset("t", "k", 1));
    client.ask(wire::auth(token_ + "x"));
    client.send_raw(wire::frame(wire::auth(token_)).substr(0, 12));  // and leaves in the middle
  }
  EXPECT_TRUE(seen_in_process_list(server.pid()).find("--auth-token-file") != std::string::npos);
  expect_no_token_in(seen_in_process_list(server.pid()));
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_NE(server.log().find("HSET"), std::string::npos) << "a log that holds anything";
  expect_no_token_in(server.log());
  expect_no_token_in(server.out());
}

TEST_F(EventsSecrets, NoneOfThemIsInTheClientsCommandLineOrAnswers) {
  ServerProcess server{{"--auth-token-file", token_file_}};
  int words[2];
  int answers[2];
  ASSERT_EQ(::pipe2(words, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(answers, O_CLOEXEC), 0);
  Descriptor in{words[0]}, to_client{words[1]}, from_client{answers[0]}, out{answers[1]};
  Process client{
      {client_program(), "--port", std::to_string(server.port()), "--token-file", token_file_},
      Process::Streams{in.get(), out.get(), out.get()}};
  ASSERT_EQ(::write(to_client.get(), "ping\n", 5), 5);
  ASSERT_TRUE(Deadline{10s}.wait(from_client.get(), POLLIN)) << "no answer to ping";
  EXPECT_NE(seen_in_process_list(client.pid()).find("--token-file"), std::string::npos);
  expect_no_token_in(seen_in_process_list(client.pid()));
  to_client.close();
  EXPECT_EQ(client.wait(), 0);
  char said[4'096];
  const ssize_t count = ::read(from_client.get(), said, sizeof said);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(said, static_cast<std::size_t>(count)), "PONG\n");
}

TEST_F(EventsSecrets, NoKeyReachesTheSlowLogAsItIs) {
  const std::string evil = "evil\n2026-01-01 00:00:00.000 info forged\x1b[31m\r\x07";
  ServerProcess server{{"--slow-log-ms", "0", "--log-level", "trace"}};
  FrameClient client{server.port()};
  for (const std::string& request :
       {wire::ping(evil), wire::auth(evil), wire::hget(evil, evil), wire::hgetall(evil),
        wire::hmget(evil, {evil}), wire::hset(evil, evil, evil), wire::hmset(evil, {{evil, evil}}),
        wire::hexist(evil, evil), wire::hmexist(evil, {evil}), wire::hlen(evil),
        wire::hmdel(evil, {evil}), wire::hdel(evil, evil), wire::watch(evil)}) {
    client.ask(request);
  }
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  const std::string log = server.log();
  EXPECT_NE(log.find("forged"), std::string::npos) << "in some form it should be there";
  EXPECT_EQ(log.find("\n2026-01-01"), std::string::npos) << "a line that the server did not write";
  EXPECT_EQ(log.find_first_of("\x1b\r\x07"), std::string::npos) << log;
}

}  // namespace
}  // namespace kv::test
