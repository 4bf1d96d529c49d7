// The tests' own tools are tested first: a fixture that cannot fail hides every failure behind it.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/process.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/socket.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The other end of a Socket, in the test's own hands.
class Peer {
 public:
  Peer() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const auto generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) < 0 || ::listen(listener_.get(), 1) < 0 ||
        ::getsockname(listener_.get(), generic, &size) < 0) {
      throw std::runtime_error{"cannot listen"};
    }
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }
  void stop_listening() { listener_.close(); }
  void accept() {
    connection_ = Descriptor{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  }
  void send(const std::string& bytes) {
    ASSERT_EQ(::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string receive() {
    char chunk[256];
    const ssize_t count = ::recv(connection_.get(), chunk, sizeof chunk, 0);
    if (count < 0) throw std::system_error{errno, std::generic_category(), "receive"};
    return {chunk, static_cast<std::size_t>(count)};
  }
  void close() { connection_.close(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(connection_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  Descriptor listener_;
  Descriptor connection_;
  std::uint16_t port_ = 0;
};

struct Connected {
  Peer peer;
  RespClient client{peer.port()};
  Socket& socket = client.socket();

  Connected() { peer.accept(); }
};

ServerProcess::Options fake_server(const TempFolder& folder, const std::string& body) {
  const std::string name = (folder.path() / "server").string();
  std::ofstream{name} << "#!/bin/sh\n" << body;
  std::filesystem::permissions(name, std::filesystem::perms::owner_all);
  return {.program = name};
}

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(Run, TellsStatusOutputAndErrors) {
  const Finished finished = run({"sh", "-c", "cat; echo wrong >&2; exit 7"}, "input");
  EXPECT_EQ(finished.status, 7);
  EXPECT_EQ(finished.out, "input");
  EXPECT_EQ(finished.err, "wrong\n");
}

TEST(Run, CarriesMoreThanAPipeHolds) {
  const std::string input(3'000'000, 'x');
  EXPECT_TRUE(same_bytes(input, run({"cat"}, input).out));
}

TEST(Run, TellsTheSignalThatEndedIt) {
  EXPECT_EQ(run({"sh", "-c", "kill -SEGV $$"}).status, 128 + SIGSEGV);
}

// A shell starts its background jobs, and so a test among them, with SIGINT ignored.
TEST(Run, AProgramDoesNotInheritIgnoredSignals) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  EXPECT_EQ(run({"sh", "-c", "kill -INT $$"}).status, 128 + SIGINT);
  (void)std::signal(SIGINT, before);
}

TEST(Run, NamesAProgramThatIsNotThere) {
  EXPECT_THAT(message_of([] { run({"/no/such/program"}); }),
              HasSubstr("cannot run /no/such/program: No such file"));
}

TEST(Run, KillsWhatTakesTooLong) {
  const TempFolder folder;
  const std::string pid_file = (folder.path() / "pid").string();
  const auto endless = [&] {
    run({"sh", "-c", "echo $$ > " + pid_file + "; exec cat /dev/zero"}, {}, 500ms);
  };
  EXPECT_THAT(message_of(endless), HasSubstr("still runs after 500 ms"));
  pid_t pid = 0;
  std::ifstream{pid_file} >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_EQ(::kill(pid, 0), -1) << "process " << pid << " is still there";
}

TEST(Process, RunsUntilItIsToldToStop) {
  const TempFolder folder;
  Process process{{"tail", "-f", "/dev/null"}, folder.path() / "out", folder.path() / "err"};
  EXPECT_TRUE(process.running());
  EXPECT_THROW(process.wait(50ms), std::runtime_error);
  process.send_signal(SIGTERM);
  EXPECT_EQ(process.wait(), 128 + SIGTERM);
  EXPECT_FALSE(process.running());
  EXPECT_EQ(process.wait(), 128 + SIGTERM) << "a second wait answers the same";
}

TEST(Process, DiesWithTheThreadThatStartedIt) {
  const TempFolder folder;
  auto started = std::async(std::launch::async, [&] {
    return std::make_unique<Process>(std::vector<std::string>{"tail", "-f", "/dev/null"},
                                     folder.path() / "out", folder.path() / "err");
  });
  const auto process = started.get();
  EXPECT_EQ(process->wait(), 128 + SIGKILL);
}

TEST(ServerProcess, FindsThePortInWhatTheServerPrints) {
  const TempFolder folder;
  const ServerProcess server{fake_server(folder,
                                         "echo 'version 1'; printf 'listening on 127.0.0.1:12'\n"
                                         "echo 345; echo ready >&2; exec tail -f /dev/null\n")};
  EXPECT_EQ(server.port(), 12345);
  EXPECT_TRUE(server.log_holds("ready"));
  EXPECT_THAT(server.out(), HasSubstr("version 1\n"));
  EXPECT_EQ(server.threads(), 1u);
  EXPECT_GE(server.resident_bytes(), 4096u);
}

TEST(ServerProcess, TellsTheTimeThatTheServerHasWorked) {
  const TempFolder folder;
  const ServerProcess server{
      fake_server(folder,
                  "i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done\n"
                  "echo listening on 127.0.0.1:1; exec tail -f /dev/null\n")};
  EXPECT_GT(server.cpu_seconds(), 0.02);
  EXPECT_LT(server.cpu_seconds(), 20.0);
}

TEST(ServerProcess, ShowsTheLogOfAServerThatDoesNotStart) {
  const TempFolder folder;
  const auto options = fake_server(folder, "echo 'port in use' >&2; exit 1\n");
  const std::string message = message_of([&] { ServerProcess{options}; });
  EXPECT_THAT(message, HasSubstr("ended, with status 1"));
  EXPECT_THAT(message, HasSubstr("port in use"));
}

TEST(ServerProcess, HandsOnItsFlags) {
  const TempFolder folder;
  auto options = fake_server(
      folder, "echo \"$@\" >&2; echo listening on 127.0.0.1:1; exec tail -f /dev/null\n");
  options.flags = {"--threads", "2"};
  EXPECT_TRUE(ServerProcess{options}.log_holds("--port 0 --threads 2\n"));
}

TEST(ServerProcess, AddsTheFlagsOfTheEnvironment) {
  EXPECT_EQ(with_environment_flags({"--x"}, "/folder"), std::vector<std::string>{"--x"});
  ::setenv("KV_SERVER_FLAGS", " --a  1 ", 1);
  ::setenv("KV_DATA_DIR_FLAG", "1", 1);
  const auto added = with_environment_flags({"--x"}, "/folder");
  const auto named = with_environment_flags({"--data-dir=d"}, "/folder");
  ::unsetenv("KV_SERVER_FLAGS");
  ::unsetenv("KV_DATA_DIR_FLAG");
  EXPECT_EQ(added, (std::vector<std::string>{"--x", "--a", "1", "--data-dir", "/folder/data"}));
  EXPECT_EQ(named, (std::vector<std::string>{"--data-dir=d", "--a", "1"}));
}

TEST(ServerProcess, WaitsForALineOfTheLogButNotForEver) {
  const TempFolder folder;
  ASSERT_EQ(run({"mkfifo", (folder.path() / "fifo").string()}).status, 0);
  // The builtin read, unlike a program in the foreground, is interrupted by the signal.
  ServerProcess server{fake_server(folder,
                                   "trap 'echo stopped >&2; exit 3' TERM\n"
                                   "exec 3<>\"$(dirname \"$0\")/fifo\"\n"
                                   "echo listening on 127.0.0.1:1\n"
                                   "read -r line <&3\n")};
  EXPECT_FALSE(server.log_holds("stopped", 20ms));
  EXPECT_TRUE(server.running());
  server.terminate();
  EXPECT_TRUE(server.log_holds("stopped"));
  EXPECT_EQ(server.wait(), 3);
}

TEST(ServerProcess, StartsAgainWithAnEmptyLog) {
  const TempFolder folder;
  const std::string count = (folder.path() / "count").string();
  ServerProcess server{
      fake_server(folder, "echo x >> " + count + "; n=$(wc -l < " + count + ")\n" +
                              "echo \"start $n.\" >&2; echo listening on 127.0.0.1:$n\n" +
                              "exec tail -f /dev/null\n")};
  EXPECT_EQ(server.port(), 1);
  EXPECT_THROW(server.start_again(), std::logic_error);
  server.kill_9();
  EXPECT_EQ(server.wait(), 128 + SIGKILL);
  server.start_again();
  EXPECT_EQ(server.port(), 2);
  EXPECT_TRUE(server.log_holds("start 2."));
  EXPECT_THAT(server.log(), Not(HasSubstr("start 1.")));
}

TEST(Socket, SendsAndReceives) {
  Connected c;
  c.socket.send("question");
  EXPECT_EQ(c.peer.receive(), "question");
  c.peer.send("one\r\ntwo\rthree\nfour\r\nrest");
  EXPECT_EQ(c.socket.receive_line(), "one\r\n");
  EXPECT_EQ(c.socket.receive_line(), "two\rthree\nfour\r\n");
  EXPECT_EQ(c.socket.receive(4), "rest");
}

TEST(Socket, JoinsALineThatComesInPieces) {
  Connected c;
  auto line = std::async(std::launch::async, [&] { return c.socket.receive_line(); });
  for (const char* piece : {"a", "b\r", "\n"}) c.peer.send(piece);
  EXPECT_EQ(line.get(), "ab\r\n");
}

TEST(Socket, ComparesWhatComes) {
  Connected c;
  c.peer.send("+PONG\r\n+PO");
  EXPECT_TRUE(c.socket.receives("+PONG\r\n"));
  c.peer.send("NG\r\n");
  c.peer.close();
  EXPECT_TRUE(c.socket.receives_last("+PONG\r\n"));
}

TEST(Socket, StopsAtTheFirstWrongByteAndShowsBothSides) {
  Connected c;
  c.peer.send("+PONG\n");
  const auto start = std::chrono::steady_clock::now();
  const auto result = c.socket.receives("+PONG\r\n+PONG\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << "it need not wait for more";
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("first wrong byte is at offset 5\n"));
  EXPECT_THAT(result.message(), HasSubstr("expected 14 bytes: \"+PONG\\r\\n+PONG\\r\\n\""));
  EXPECT_THAT(result.message(), HasSubstr("received 6 bytes: \"+PONG\\n\""));
}

TEST(Socket, TellsWhatCameBeforeNothingMoreDid) {
  Connected c;
  c.socket.set_timeout(20ms);
  c.peer.send("+PO");
  EXPECT_THAT(message_of([&] { c.socket.receive(7); }),
              AllOf(HasSubstr("nothing to receive within 20 ms, after\n"), HasSubstr("|+PO|")));
  c.peer.send("+PO");
  const auto result = c.socket.receives("+PONG\r\n");
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("nothing to receive within 20 ms\n"));
  EXPECT_THAT(result.message(), HasSubstr("first wrong byte is at offset 3\n"));
}

TEST(Socket, TellsAnEndThatIsMissingFromOneThatIsTooMuch) {
  Connected open;
  open.socket.set_timeout(20ms);
  open.peer.send("last");
  EXPECT_THAT(open.socket.receives_last("last").message(), HasSubstr("nor has the server closed"));
  Connected closed;
  closed.peer.send("last words");
  closed.peer.close();
  EXPECT_FALSE(closed.socket.receives_last("last")) << "more came";
  EXPECT_THAT(closed.socket.receives("more").message(), HasSubstr("the server has closed"));
  Connected broken;
  broken.peer.reset();
  EXPECT_TRUE(broken.socket.receives_last(""));
}

TEST(Socket, DoesNotWaitForEver) {
  Connected c;
  c.socket.set_timeout(20ms);
  EXPECT_FALSE(c.socket.readable_within(20ms));
  EXPECT_THAT(message_of([&] { c.socket.receive(1); }),
              HasSubstr("nothing to receive within 20 ms"));
  EXPECT_THROW(c.socket.receive_line(), std::runtime_error);
  EXPECT_THROW(c.socket.receive_until_closed(), std::runtime_error);
  // More than both kernels' buffers can hold, to a peer that reads nothing.
  const std::string much(64 << 20, 'x');
  EXPECT_THAT(message_of([&] { c.socket.send(much); }), HasSubstr("took nothing within 20 ms"));
  EXPECT_LT(c.socket.send_some(much), much.size());
}

TEST(Socket, TellsTheEndFromSilence) {
  Connected c;
  c.peer.send("half");
  c.peer.close();
  EXPECT_TRUE(c.socket.readable_within(10s));
  EXPECT_THAT(message_of([&] { c.socket.receive(8); }), HasSubstr("closed after 4 of 8 bytes"));
}

TEST(Socket, ReceivesUpToACloseOrAReset) {
  Connected closed;
  closed.peer.send("last words");
  closed.peer.close();
  EXPECT_EQ(closed.socket.receive_until_closed(), "last words");
  Connected broken;
  broken.peer.reset();
  EXPECT_EQ(broken.socket.receive_until_closed(), "");
}

TEST(Socket, ClosesOneDirectionOnly) {
  Connected c;
  c.socket.half_close();
  EXPECT_EQ(c.peer.receive(), "");
  c.peer.send("still here");
  EXPECT_EQ(c.socket.receive(10), "still here");
}

TEST(Socket, AResetIsNoOrderlyEnd) {
  Connected c;
  c.socket.reset();
  EXPECT_THROW(c.peer.receive(), std::system_error);
}

TEST(Socket, NamesThePortThatNobodyListensOn) {
  Peer peer;
  peer.stop_listening();
  EXPECT_THAT(
      message_of([&] { Socket{peer.port()}; }),
      HasSubstr("connect to 127.0.0.1:" + std::to_string(peer.port()) + ": Connection refused"));
}

TEST(HexDump, ShowsOffsetsBytesAndCharacters) {
  EXPECT_EQ(hex_dump("+PONG\r\n"),
            "00000000  2b 50 4f 4e 47 0d 0a                             |+PONG..|\n");
  EXPECT_EQ(hex_dump(""), "00000000                                                   ||\n");
  EXPECT_EQ(hex_dump(std::string(17, '\xff')),
            "00000000  ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff  |................|\n"
            "00000010  ff                                               |.|\n");
}

TEST(HexDump, MarksTheByteEverywhereInALine) {
  const std::string bytes(40, 'a');
  for (std::size_t mark = 0; mark <= bytes.size(); ++mark) {
    const std::string dump = hex_dump(bytes, mark);
    const auto marked = dump.find("^^");
    ASSERT_NE(marked, std::string::npos) << mark;
    const auto line = dump.rfind('\n', marked) + 1;
    EXPECT_EQ(marked - line, 10 + 3 * (mark % 16)) << mark;
    EXPECT_EQ(std::count(dump.begin(), dump.begin() + static_cast<std::ptrdiff_t>(line), '\n'),
              static_cast<std::ptrdiff_t>(mark / 16 + 1));
  }
}

TEST(HexDump, LeavesOutWhatIsFarFromTheMark) {
  const std::string dump = hex_dump(std::string(1'000'000, 'z'), 500'000);
  EXPECT_LT(dump.size(), 2'000u);
  EXPECT_THAT(dump, HasSubstr("\n0007a120  7a"));
  EXPECT_THAT(dump, HasSubstr("^^ here"));
}

TEST(SameBytes, ShowsTheFirstWrongByteOfBoth) {
  EXPECT_TRUE(same_bytes("same", "same"));
  const auto result = same_bytes("+PONG\r\n", "+PING\r\n");
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("offset 2\n"));
  EXPECT_THAT(result.message(), HasSubstr("expected 7 bytes: \"+PONG\\r\\n\""));
  EXPECT_THAT(result.message(), HasSubstr("received 7 bytes: \"+PING\\r\\n\""));
}

TEST(SameBytes, MarksTheEndOfAnAnswerThatIsTooShort) {
  const auto result = same_bytes("+PONG\r\n", "+PONG");
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("offset 5\n"));
  EXPECT_FALSE(same_bytes("+PONG", "+PONG\r\n"));
  EXPECT_FALSE(same_bytes(std::string_view{"a\0b", 3}, std::string_view{"a\0c", 3}));
}

/// A FrameClient, and the server in the test's own hands.
struct Framed {
  Peer peer;
  FrameClient client{peer.port()};

  Framed() { peer.accept(); }
};

TEST(FrameClient, ShowsBothAnswersDecodedAndTheFirstWrongByte) {
  Framed framed;
  framed.peer.send(wire::frame(wire::encode(wire::Response{200, "PING"})));
  const auto result = framed.client.answers(wire::ping(), {200, "PONG"});
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("the request, in its frame:\n00000000  00 00 00 03 82 "));
  EXPECT_THAT(result.message(), AllOf(HasSubstr("\"PONG\""), HasSubstr("\"PING\"")));
  EXPECT_THAT(result.message(), HasSubstr("first wrong byte is at offset 6\n"));
}

TEST(FrameClient, ShowsTheFrameThatIsMissingAndWaitsForNoOther) {
  Framed framed;
  framed.peer.send(std::string("\x09\0\0\0", 4));  // a length of 9, the wrong way round
  const auto result = framed.client.receives({200, "PONG"});
  EXPECT_FALSE(result);
  EXPECT_THAT(result.message(), HasSubstr("00000000  00 00 00 09 08 c8 01 12 04 50 4f 4e 47"));
  EXPECT_THAT(result.message(), HasSubstr("a frame of 150994944 bytes is announced by\n"));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(framed.client.receives_error(404).message(), HasSubstr("behind an answer"));
  EXPECT_THROW(framed.client.receive_response(), std::runtime_error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(RespClient, ReadsEveryKindOfReply) {
  Connected c;
  c.peer.send("+OK\r\n-ERR no\r\n:-7\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*2\r\n$1\r\nk\r\n*0\r\n");
  EXPECT_EQ(c.client.receive(), simple("OK"));
  EXPECT_EQ(c.client.receive(), error("ERR no"));
  EXPECT_EQ(c.client.receive(), integer(-7));
  EXPECT_EQ(c.client.receive(), bulk("a\r\nb"));
  EXPECT_EQ(c.client.receive(), bulk(""));
  EXPECT_EQ(c.client.receive(), nil());
  EXPECT_EQ(c.client.receive(), array({bulk("k"), array({})}));
}

TEST(RespClient, SendsAnArrayOfBulkStrings) {
  Connected c;
  c.client.send({"PING", ""});
  EXPECT_TRUE(same_bytes("*2\r\n$4\r\nPING\r\n$0\r\n\r\n", c.peer.receive()));
}

TEST(RespClient, TellsWhichRequestHasNoReply) {
  Connected c;
  c.socket.set_timeout(20ms);
  EXPECT_EQ(message_of([&] { c.client.command({"HGET", "t", "k"}); }),
            "no reply to \"HGET t k\": nothing to receive within 20 ms");
}

TEST(RespClient, BelievesNoWrongReply) {
  for (const char* wrong : {"PONG\r\n", ":\r\n", ":1x\r\n", "$-2\r\n", "$1\r\nab\r\n", "\r\n"}) {
    Connected c;
    c.peer.send(wrong);
    EXPECT_THROW(c.client.receive(), std::runtime_error) << wrong;
  }
}

TEST(RespClient, TellsRepliesApart) {
  EXPECT_FALSE(bulk("a") == simple("a"));
  EXPECT_FALSE(bulk("") == nil());
  EXPECT_FALSE(integer(0) == integer(1));
  EXPECT_FALSE(array({nil()}) == array({}));
  EXPECT_EQ(testing::PrintToString(array({bulk("a\r"), nil(), integer(1)})),
            "[\"a\\r\", (nil), :1]");
}

}  // namespace
}  // namespace kv::test
