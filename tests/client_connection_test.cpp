// kv-client from stage 3 on, and what is at its ends: servers that do not answer, or close; its
// standard streams, and terminals.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fixtures/deadline.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

Descriptor checked(int descriptor) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category()};
  return Descriptor{descriptor};
}

/// Reads until `end`, or until all that is there is read when it is empty.
std::string read_until(const Descriptor& from, const std::string& end) {
  std::string bytes;
  const Deadline deadline{10s};
  while (end.empty() || !bytes.ends_with(end)) {
    if (!end.empty() && !deadline.wait(from.get(), POLLIN)) {
      throw std::runtime_error{"only '" + bytes + "' comes, and no '" + end + "'"};
    }
    char chunk[4096];
    const ssize_t count = ::read(from.get(), chunk, sizeof chunk);
    if (count <= 0) break;
    bytes.append(chunk, static_cast<std::size_t>(count));
  }
  return bytes;
}

/// A server that does what the test says.
class Listener {
 public:
  explicit Listener(int backlog)
      : socket_{checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))} {
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<::sockaddr*>(&address);
    if (::bind(socket_.get(), any, size) != 0 || ::listen(socket_.get(), backlog) != 0 ||
        ::getsockname(socket_.get(), any, &size) != 0)
      throw std::system_error{errno, std::generic_category(), "listen"};
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }

  /// The next client, of which a request is taken.
  Descriptor accept_request() const {
    if (!Deadline{10s}.wait(socket_.get(), POLLIN)) throw std::runtime_error{"nobody connects"};
    Descriptor client = checked(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    unsigned char header[4];
    if (::recv(client.get(), header, sizeof header, MSG_WAITALL) != sizeof header)
      throw std::runtime_error{"no request comes"};
    std::string message(header[3], '\0');  // it is a short one
    if (::recv(client.get(), message.data(), message.size(), MSG_WAITALL) !=
        static_cast<ssize_t>(message.size()))
      throw std::runtime_error{"half a request comes"};
    return client;
  }

 private:
  Descriptor socket_;
  std::uint16_t port_;
};

void send(const Descriptor& client, const std::string& bytes) {
  ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

void answer(const Descriptor& client, const std::string& message) {
  send(client, wire::frame(wire::encode(wire::Response{200, message})));
}

Words client_words(std::uint16_t port, const Words& more) {
  Words words{client_program(), "--port", std::to_string(port)};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class ClientConnection : public testing::Test {
 protected:
  static void expect_no_answer(std::uint16_t port) {
    const auto begin = Clock::now();
    const Finished finished = run(client_words(port, {"--timeout", "0.3", "ping"}));
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_THAT(finished.err,
                testing::AllOf(HasSubstr("no answer from 127.0.0.1:"), HasSubstr("within 0.3 s"),
                               HasSubstr("does it speak our protocol?")));
    EXPECT_GE(Clock::now() - begin, 300ms);
  }
};

TEST_F(ClientConnection, AServerThatNeverAnswersIsNotWaitedForLong) {
  const Listener silent{8};
  expect_no_answer(silent.port());
}

TEST_F(ClientConnection, AServerThatTakesNoConnectionIsNotWaitedForLong) {
  const Listener full{0};
  std::deque<Descriptor> waiting;
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(full.port());
  do {
    ASSERT_LT(waiting.size(), 100u) << "its queue is never full";
    waiting.push_back(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
    (void)::connect(waiting.back().get(), reinterpret_cast<::sockaddr*>(&address), sizeof address);
  } while (Deadline{200ms}.wait(waiting.back().get(), POLLOUT));
  expect_no_answer(full.port());
}

TEST_F(ClientConnection, AnAnswerInAnotherProtocolIsNone) {
  const Listener redis{8};
  const Descriptor out = checked(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Process client{client_words(redis.port(), {"ping"}), {out.get(), out.get(), out.get()}};
  const Descriptor accepted = redis.accept_request();
  send(accepted, "-ERR unknown command\r\n");
  EXPECT_EQ(client.wait(10s), 3);
}

/// The shell of a client, with a pipe for each of its standard streams.
class Shell {
 public:
  explicit Shell(std::uint16_t port) {
    int ends[2];
    for (auto [reads, writes] :
         {std::pair{&in_reads_, &in_writes_}, {&out, &out_writes_}, {&err, &err_writes_}}) {
      if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category()};
      *reads = Descriptor{ends[0]};
      *writes = Descriptor{ends[1]};
    }
    client_.emplace(client_words(port, {}),
                    Process::Streams{in_reads_.get(), out_writes_.get(), err_writes_.get()});
    out_writes_.close();
    err_writes_.close();
  }

  void type(const std::string& line) const {
    ASSERT_EQ(::write(in_writes_.get(), line.data(), line.size()),
              static_cast<ssize_t>(line.size()));
  }

  int end() {
    in_writes_.close();
    return client_->wait(10s);
  }

  Descriptor out, err;

 private:
  Descriptor in_reads_, in_writes_, out_writes_, err_writes_;
  std::optional<Process> client_;
};

TEST_F(ClientConnection, TheShellConnectsAgainAndSaysSo) {
  const Listener server{8};
  Shell shell{server.port()};
  shell.type("ping\n");
  answer(server.accept_request(), "first");  // and closed
  EXPECT_EQ(read_until(shell.out, "\n"), "first\n");
  shell.type("ping\n");
  answer(server.accept_request(), "second");
  EXPECT_EQ(read_until(shell.out, "\n"), "second\n");
  EXPECT_THAT(read_until(shell.err, "\n"), HasSubstr("closed the connection; connecting again"));
  shell.type("ping\n");
  server.accept_request().close();  // unanswered: what became of it is unknown
  EXPECT_THAT(
      read_until(shell.err, "before it answered: End of file (the next command connects again)\n"),
      HasSubstr("closed the connection; connecting again\n"));
  shell.type("ping\n");
  answer(server.accept_request(), "fourth");
  EXPECT_EQ(read_until(shell.out, "\n"), "fourth\n");
  EXPECT_EQ(shell.end(), 1) << "one command was not answered";
}

TEST(ClientWatchConnection, NoCommandGoesWhereTheServerIsAboutToClose) {
  const Listener server{8};
  Shell shell{server.port()};
  shell.type("watch t\n");
  const Descriptor watching = server.accept_request();
  answer(watching, "");
  send(watching, wire::frame(wire::encode(wire::Response{503, "events are lost"})));
  EXPECT_THAT(read_until(shell.err, "\n"), HasSubstr("error 503: events are lost"));
  shell.type("ping\n");
  EXPECT_FALSE(Deadline{10ms}.wait(watching.get(), POLLIN)) << "the end comes a little later";
  ::shutdown(watching.get(), SHUT_WR);
  answer(server.accept_request(), "again");
  EXPECT_EQ(read_until(shell.out, "\n"), "again\n");
  EXPECT_EQ(shell.end(), 1);
}

TEST_F(ClientConnection, TheShellOutlivesAFrameThatIsTooLong) {
  ServerProcess server{{"--max-frame", "1024"}};
  const Finished finished =
      run_client(server.port(), {}, "ping\nhset t k " + std::string(2'000, 'v') + "\nping again\n");
  EXPECT_EQ(finished.out, "PONG\nagain\n");
  EXPECT_THAT(finished.err,
              testing::AllOf(HasSubstr("error 413: "), HasSubstr("connecting again")));
  EXPECT_EQ(finished.status, 1);
}

TEST_F(ClientConnection, TheShellEndsWhenNobodyListensAnyMore) {
  const std::uint16_t port = Listener{1}.port();
  const Finished finished = run_client(port, {}, "ping\nping\n");
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
}

class ClientStreams : public testing::Test {
 protected:
  Finished redirected(const std::string& how, const Words& more, const std::string& input = {}) {
    Words words{"sh", "-c", "exec \"$0\" \"$@\"" + how};
    for (const auto& word : client_words(server_.port(), more)) words.push_back(word);
    return run(words, input);
  }

  ServerProcess server_;
};

TEST_F(ClientStreams, AnyMayBeClosed) {
  for (int subset = 0; subset < 8; ++subset) {
    std::string how;
    if (subset & 1) how += " <&-";
    if (subset & 2) how += " >&-";
    if (subset & 4) how += " 2>&-";
    const bool lost = (subset & 2) != 0;
    const Finished finished = redirected(how, {"ping", "here"});
    EXPECT_EQ(finished.status, lost ? 74 : 0) << how << ": " << finished.err;
    EXPECT_EQ(finished.out, lost ? "" : "here\n") << how;
    const Finished shell = redirected(how, {}, "ping there\n");
    EXPECT_EQ(shell.status, lost && !(subset & 1) ? 74 : 0) << how << ": " << shell.err;
    EXPECT_EQ(shell.out, subset & 3 ? "" : "there\n") << how;
  }
}

TEST_F(ClientStreams, LostOutputIsExitStatus74) {
  for (const char* how : {" >/dev/full", " >&-", " 1</dev/null"}) {
    for (const Words& words : std::vector<Words>{{"ping"},
                                                 {"--json", "ping"},
                                                 {"--json", "hget", "t", "k"},
                                                 {"help"},
                                                 {"--help"},
                                                 {"--version"},
                                                 {}}) {
      const Finished finished = redirected(how, words, "ping\nping\n");
      EXPECT_EQ(finished.status, 74) << how << " " << testing::PrintToString(words);
      EXPECT_THAT(finished.err, HasSubstr("cannot write to standard output: "));
      EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    }
  }
}

class ClientTerminal : public testing::Test {
 protected:
  void SetUp() override {
    terminal_ = checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    ASSERT_EQ(::grantpt(terminal_.get()), 0);
    ASSERT_EQ(::unlockpt(terminal_.get()), 0);
    program_side_ = checked(::open(::ptsname(terminal_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  Descriptor terminal_, program_side_, nothing_ = checked(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ServerProcess server_;
};

TEST_F(ClientTerminal, GetsNoControlCharactersOfOthers) {
  ASSERT_EQ(
      run_client(server_.port(), {"hset", "t", "k\x1b[2J", "v\x1b]0;title\x07\xc2\x9b"}).status, 0);
  const int terminal = program_side_.get();
  for (const Words& words : std::vector<Words>{{"hgetall", "t"},
                                               {"hget", "t", "k\x1b[2J"},
                                               {"hget", "t", "\x1b[2J"},
                                               {"ping", "\x1b[2J"},
                                               {"--json", "hgetall", "t"}}) {
    Process client{client_words(server_.port(), words), {nothing_.get(), terminal, terminal}};
    (void)client.wait(10s);
    const std::string shown = read_until(terminal_, "");
    EXPECT_THAT(shown, testing::AnyOf(HasSubstr("\\x1b"), HasSubstr("\\u001b")));
    EXPECT_EQ(shown.find('\x1b'), std::string::npos) << testing::PrintToString(words);
    EXPECT_EQ(shown.find('\x07'), std::string::npos) << testing::PrintToString(words);
  }
  EXPECT_EQ(run_client(server_.port(), {"hgetall", "t"}).out,
            "k\x1b[2J\tv\x1b]0;title\x07\xc2\x9b\n")
      << "in a pipe they are bytes";
}

TEST_F(ClientTerminal, GetsThePromptThatAFileDoesNot) {
  const std::string typed = "ping a\nexit\n";
  for (const bool both : {true, false}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Descriptor reads{ends[0]};
    Descriptor writes{ends[1]};
    Process client{
        client_words(server_.port(), {}),
        {program_side_.get(), both ? program_side_.get() : writes.get(), nothing_.get()}};
    writes.close();
    ASSERT_EQ(::write(terminal_.get(), typed.data(), typed.size()),
              static_cast<ssize_t>(typed.size()));
    EXPECT_EQ(client.wait(10s), 0);
    if (both) {
      EXPECT_THAT(read_until(terminal_, ""), HasSubstr("kv> "));
    } else {
      EXPECT_EQ(read_until(reads, "a\n"), "a\n");
    }
  }
}

}  // namespace
}  // namespace kv::test
