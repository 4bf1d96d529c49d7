// kv-client from stage 3 on: what it prints for each command, how values are written, and its exit
// status.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

std::string joined(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += word + " ";
  return line;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::ranges::sort(lines);
  return lines;
}

class ClientFrames : public testing::Test {
 protected:
  Finished client(const Words& words, const std::string& input = {}) {
    return run_client(server_.port(), words, input);
  }

  void expect_prints(const Words& words, const std::string& out) {
    const Finished finished = client(words);
    EXPECT_EQ(finished.out, out) << joined(words);
    EXPECT_EQ(finished.err, "") << joined(words);
    EXPECT_EQ(finished.status, 0) << joined(words);
  }

  void expect_usage_error(const Words& words) {
    const Finished finished = client(words);
    EXPECT_EQ(finished.status, 2) << joined(words);
    EXPECT_EQ(finished.out, "") << joined(words);
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << joined(words) << ": " << finished.err;
  }

  ServerProcess server_;
  FrameClient frames_{server_.port()};
};

TEST_F(ClientFrames, Ping) {
  expect_prints({"ping"}, "PONG\n");
  expect_prints({"ping", "two words"}, "two words\n");
}

TEST_F(ClientFrames, HsetAndHget) {
  expect_prints({"hset", "t", "k", "first"}, "(nil)\n");
  expect_prints({"hset", "t", "k", "second"}, "first\n");
  expect_prints({"hget", "t", "k"}, "second\n");
}

TEST_F(ClientFrames, HmsetAndHmget) {
  expect_prints({"hmset", "t", "a", "1", "b", "2"}, "(nil)\n(nil)\n");
  expect_prints({"hmset", "t", "b", "3", "c", "4"}, "2\n(nil)\n");
  expect_prints({"hmget", "t", "c", "absent", "a", "b"}, "4\n(nil)\n1\n3\n");
}

TEST_F(ClientFrames, HgetallPrintsAPairALine) {
  expect_prints({"hgetall", "t"}, "");
  client({"hmset", "t", "a", "1", "b", "int:2", "c", "hex:00ff"});
  const Finished finished = client({"hgetall", "t"});
  EXPECT_THAT(sorted_lines(finished.out), testing::ElementsAre("a\t1", "b\t2", "c\thex:00ff"));
  EXPECT_EQ(finished.status, 0);
}

TEST_F(ClientFrames, HdelAndHmdel) {
  client({"hmset", "t", "a", "1", "b", "2", "c", "3"});
  expect_prints({"hdel", "t", "a"}, "1\n");
  expect_prints({"hdel", "t", "a"}, "(nil)\n");
  expect_prints({"hmdel", "t", "c", "a", "b"}, "3\n(nil)\n2\n");
}

TEST_F(ClientFrames, HexistHmexistAndHlen) {
  expect_prints({"hlen", "t"}, "0\n");
  client({"hset", "t", "k", "v"});
  expect_prints({"hexist", "t", "k"}, "true\n");
  expect_prints({"hexist", "t", "absent"}, "false\n");
  expect_prints({"hmexist", "t", "absent", "k"}, "false\ntrue\n");
  expect_prints({"hlen", "t"}, "1\n");
}

TEST_F(ClientFrames, AnAbsentKeyIsAnError) {
  const Finished finished = client({"hget", "planets", "pluto"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err,
              AllOf(StartsWith("error 404: "), HasSubstr("planets"), HasSubstr("pluto")));
  EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
}

TEST_F(ClientFrames, ErrorsOfTheServerAreExitStatusOne) {
  const Finished finished = client({"hset", "t", std::string(1'025, 'k'), "v"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, StartsWith("error 413: "));
  EXPECT_THAT(client({"hset", "t", "", "v"}).err, StartsWith("error 400: "));
}

TEST_F(ClientFrames, AValueHasTheKindThatItsPrefixNames) {
  struct Case {
    const char* typed;
    wire::Value stored;
    const char* printed;
  };
  for (const auto& [typed, stored, printed] : std::vector<Case>{
           {"plain", "plain", "plain"},
           {"", "", ""},
           {"42", "42", "42"},
           {"str:int:7", "int:7", "int:7"},
           {"str:", "", ""},
           {"other:thing", "other:thing", "other:thing"},
           {"int:42", 42, "42"},
           {"int:-9223372036854775808", std::numeric_limits<std::int64_t>::min(),
            "-9223372036854775808"},
           {"int:9223372036854775807", std::numeric_limits<std::int64_t>::max(),
            "9223372036854775807"},
           {"float:0.1", 0.1, "0.1"},
           {"float:-2.5e300", -2.5e300, "-2.5e+300"},
           {"bool:true", true, "true"},
           {"bool:false", false, "false"},
           {"hex:00ff10", wire::Binary{{"\0\xff\x10", 3}}, "hex:00ff10"},
           {"hex:", wire::Binary{""}, "hex:"},
       }) {
    EXPECT_EQ(client({"hset", "t", "k", typed}).status, 0) << typed;
    EXPECT_TRUE(frames_.answers(wire::hget("t", "k"), wire::ok({stored}))) << typed;
    expect_prints({"hget", "t", "k"}, std::string{printed} + "\n");
  }
}

TEST_F(ClientFrames, ArgumentsStayAsTheyWereTyped) {
  expect_prints({"hset", "t", "-5", "-"}, "(nil)\n");
  expect_prints({"hget", "t", "-5"}, "-\n");
  expect_prints({"hmset", "t", "-.5", "[1,b,2]", "[x]", "-1x"}, "(nil)\n(nil)\n");
  expect_prints({"hmget", "t", "-.5", "[x]"}, "[1,b,2]\n-1x\n");
}

TEST_F(ClientFrames, WhatLooksLikeAFlagIsAnArgumentOnlyBehindTwoDashes) {
  expect_prints({"--", "hset", "t", "-k", "--port"}, "(nil)\n");
  expect_prints({"hget", "t", "--", "-k"}, "--port\n");
  expect_prints({"ping", "--", "--help"}, "--help\n");
  expect_prints({"--", "ping", "--"}, "--\n");  // only the first is taken out
}

TEST_F(ClientFrames, AFlagBehindTheCommandIsNotStored) {
  for (const Words& words : std::vector<Words>{
           {"hmset", "t", "k", "v", "--port", "7000"},
           {"hmset", "t", "k", "v", "-p", "7000"},
           {"hmset", "t", "k", "v", "--no-such-flag", "x"},
           {"hset", "t", "k", "--json"},
           {"hset", "t", "k", "--port=7000"},
           {"hset", "t", "k", "-h"},
           {"hset", "t", "-k", "--", "v"},
       }) {
    expect_usage_error(words);
  }
  EXPECT_TRUE(frames_.answers(wire::hlen("t"), wire::ok({0})));
}

TEST_F(ClientFrames, ACommandMayBeInAnyCase) {
  expect_prints({"HSET", "t", "k", "v"}, "(nil)\n");
  expect_prints({"hGet", "t", "k"}, "v\n");
}

TEST_F(ClientFrames, HelpNamesTheCommands) {
  for (const Words& words : {Words{"help"}, Words{"HELP"}}) {
    EXPECT_THAT(client(words).out, AllOf(HasSubstr("hmset T K V [K V]..."), HasSubstr("float:")));
    EXPECT_EQ(client(words).status, 0);
  }
  EXPECT_THAT(client({}, "help\n").out, HasSubstr("hmset T K V [K V]..."));
}

TEST_F(ClientFrames, AValueThatItsPrefixDoesNotFitIsRefused) {
  for (const char* value :
       {"int:", "int:x", "int:1.5", "int:9223372036854775808", "int: 1", "float:", "float:x",
        "float:1,5", "bool:", "bool:yes", "bool:1", "hex:0", "hex:0g", "hex:0 0"}) {
    expect_usage_error({"hset", "t", "k", value});
    expect_usage_error({"hmset", "t", "a", "1", "k", value});
  }
  EXPECT_TRUE(frames_.answers(wire::hlen("t"), wire::ok({0}))) << "nothing of it is sent";
}

TEST_F(ClientFrames, WrongUseIsExitStatusTwo) {
  for (const Words& words : std::vector<Words>{
           {"nonsense"},
           {"hget"},
           {"hget", "t"},
           {"hget", "t", "k", "more"},
           {"hset", "t", "k"},
           {"hset", "t", "k", "v", "more"},
           {"hgetall"},
           {"hgetall", "t", "more"},
           {"hmset", "t"},
           {"hmset", "t", "k"},
           {"hmset", "t", "k", "v", "odd"},
           {"hmget", "t"},
           {"hdel", "t"},
           {"hmdel", "t"},
           {"hexist", "t"},
           {"hmexist", "t"},
           {"hlen"},
           {"ping", "two", "messages"},
       }) {
    expect_usage_error(words);
  }
  EXPECT_EQ(run({client_program(), "--no-such-flag"}).status, 2);
  EXPECT_EQ(run({client_program(), "--port", "-1", "ping"}).status, 2);
  EXPECT_EQ(run({client_program(), "--port", "65536", "ping"}).status, 2);
  EXPECT_EQ(run({client_program(), "--help"}).status, 0);
}

TEST_F(ClientFrames, NoServerIsExitStatusThree) {
  const std::uint16_t port = server_.port();
  server_.kill_9();
  for (const Words& words : std::vector<Words>{{"ping"}, {"hget", "t", "k"}, {}}) {
    const Finished finished = run_client(port, words, "ping\n");
    EXPECT_EQ(finished.status, 3) << joined(words);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, HasSubstr(std::to_string(port))) << "where it looked";
  }
}

TEST_F(ClientFrames, StandardInputIsReadALineEach) {
  const Finished finished =
      client({}, "hset t \"a key\" 'a value'\n\n  hget   t \"a key\"\nhlen t");
  EXPECT_EQ(finished.out, "(nil)\na value\n1\n") << "no prompt where no terminal is";
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(client({}, "").status, 0);
}

TEST_F(ClientFrames, StandardInputGoesOnAfterEveryKindOfError) {
  for (const char* wrong :
       {"hget t absent", "nonsense", "hset t k int:x", "hget t", "hget t \"open"}) {
    const Finished finished = client({}, "ping one\n" + std::string{wrong} + "\nping two\n");
    EXPECT_EQ(finished.out, "one\ntwo\n") << wrong;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << wrong << ": " << finished.err;
    EXPECT_EQ(finished.status, 1) << wrong;
  }
}

TEST_F(ClientFrames, StandardInputEndsAtQuitAndExit) {
  for (const char* end : {"quit", "exit", "QUIT", " Exit "}) {
    const Finished finished = client({}, "ping one\n" + std::string{end} + "\nping two\n");
    EXPECT_EQ(finished.out, "one\n") << end;
    EXPECT_EQ(finished.status, 0) << end;
  }
}

TEST_F(ClientFrames, StandardInputMayHaveByteOrderMarks) {
  const Finished finished = client({}, "\xef\xbb\xbfping one\r\n\xef\xbb\xbfping two");
  EXPECT_EQ(finished.out, "one\ntwo\n");
  EXPECT_EQ(finished.status, 0) << finished.err;
}

TEST_F(ClientFrames, StandardInputThatCannotBeReadIsWrongUse) {
  const Finished finished = run({"sh", "-c", "exec \"$0\" \"$@\" </", client_program(), "--port",
                                 std::to_string(server_.port())});
  EXPECT_EQ(finished.status, 2);
  EXPECT_THAT(finished.err, HasSubstr("standard input"));
}

/// What scripts read: --json.
class ClientJson : public ClientFrames {
 protected:
  /// What another program makes of the answers, when it is there.
  std::optional<std::string> read_by(Words program, const std::string& commands) {
    const Finished answers = client({"--json"}, commands);
    EXPECT_EQ(answers.err, "");
    try {
      const Finished read = run(program, answers.out);
      EXPECT_EQ(read.err, "") << answers.out;
      return read.out;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  const std::string commands_ =
      "hmset t n (nil) i int:7 f float:7 b bool:true x hex:00ff s \"\\x1b\\\"\\n\xc3\xbc\"\n"
      "hmset t big int:9223372036854775807 small int:-9223372036854775808 nan float:nan\n"
      "hmget t n i f b x s big small nan absent\n"
      "hget t absent\n"
      "nonsense\n"
      "hgetall none\n";
};

TEST_F(ClientJson, HoldsExactTypesAsPythonReadsIt) {
  const auto read = read_by({"python3", "-c",
                             "import json, sys\n"
                             "for line in sys.stdin:\n"
                             "  answer = json.loads(line)\n"
                             "  print(answer['status'], answer['values'], answer['pairs'])\n"},
                            commands_);
  if (!read) GTEST_SKIP() << "python3 is not installed";
  EXPECT_EQ(*read,
            "200 [None, None, None, None, None, None] []\n"
            "200 [None, None, None] []\n"
            "200 ['(nil)', 7, 7.0, True, {'hex': '00ff'}, '\\x1b\"\\n\xc3\xbc', "
            "{'int': '9223372036854775807'}, {'int': '-9223372036854775808'}, "
            "{'float': 'nan'}, None] []\n"
            "404 [] []\n"
            "400 [] []\n"
            "200 [] []\n");
}

TEST_F(ClientJson, HoldsExactValuesAsJqReadsIt) {
  const auto read = read_by({"jq", "-c", "[.status, .values, .pairs]"}, commands_);
  if (!read) GTEST_SKIP() << "jq is not installed";
  EXPECT_THAT(*read, HasSubstr("[200,[\"(nil)\",7,7"));  // or 7.0, as newer ones do
  EXPECT_THAT(*read,
              HasSubstr(R"(,true,{"hex":"00ff"},"\u001b\"\n)"
                        "\xc3\xbc"
                        R"(",{"int":"9223372036854775807"},{"int":"-9223372036854775808"})"));
  EXPECT_THAT(*read, HasSubstr("\n[404,[],[]]\n[400,[],[]]\n[200,[],[]]\n"));
}

TEST_F(ClientJson, IsAnObjectALineAlsoForErrors) {
  const Finished absent = client({"--json", "hget", "planets", "pluto"});
  EXPECT_THAT(absent.out, AllOf(StartsWith(R"({"status":404,"message":")"), HasSubstr("planets")));
  EXPECT_EQ(absent.err, "");
  EXPECT_EQ(absent.status, 1);
  const Finished misused = client({"--json", "hget", "planets"});
  EXPECT_EQ(misused.out, R"({"status":400,"message":"usage: hget T K","values":[],"pairs":[]})"
                         "\n");
  EXPECT_EQ(misused.status, 2);
  EXPECT_EQ(std::ranges::count(client({"--json"}, "ping a\nhget t\nping 'b\nhelp\n").out, '\n'), 4);
}

/// kv-client's commands of stage 4.
class ClientEvents : public testing::Test {
 protected:
  TempFolder folder_;
};

TEST_F(ClientEvents, InfoPrintsPairs) {
  ServerProcess server;
  const Finished finished = run_client(server.port(), {"info"});
  EXPECT_EQ(finished.status, 0);
  EXPECT_THAT(sorted_lines(finished.out),
              testing::IsSupersetOf({"keys\t0", "tables\t0", "connections\t1"}));
}

TEST_F(ClientEvents, TheTokenFileIsUsedForEveryCommand) {
  const std::string token = (folder_.path() / "token").string();
  std::ofstream{token} << "secret\n";
  ServerProcess server{{"--auth-token-file", token}};
  EXPECT_THAT(run_client(server.port(), {"ping"}).err, StartsWith("error 401: "));
  EXPECT_EQ(run_client(server.port(), {"--token-file", token, "ping"}).out, "PONG\n");
  EXPECT_EQ(run_client(server.port(), {"--token-file", token}, "ping\nping\n").out, "PONG\nPONG\n");
  std::ofstream{token} << "wrong\n";
  const Finished finished = run_client(server.port(), {"--token-file", token, "ping"});
  EXPECT_THAT(finished.err, StartsWith("error 401: "));
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(run_client(server.port(), {"--token-file", token + ".absent", "ping"}).status, 2);
  for (const char* useless : {"\n", "\xff\xfe"}) {
    std::ofstream{token} << useless;
    const Finished refused = run_client(server.port(), {"--token-file", token, "ping"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_EQ(std::ranges::count(refused.err, '\n'), 1) << refused.err;
  }
}

TEST_F(ClientEvents, WatchPrintsEachChange) {
  ServerProcess server;
  FrameClient client{server.port()};
  const std::string out = (folder_.path() / "out").string();
  Process watch{{client_program(), "--port", std::to_string(server.port()), "watch", "t"},
                out,
                (folder_.path() / "err").string()};
  const auto printed = [&] {
    std::ifstream file{out};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  // Changes are made until one is seen, for nothing tells when the watch has begun.
  for (int i = 0; printed().find("k\t") == std::string::npos; ++i) {
    ASSERT_LT(i, 1'000'000) << "no change is printed";
    ASSERT_TRUE(watch.running());
    client.ask(wire::hset("t", "k", "v"));
  }
  client.ask(wire::hmset("t", {{"a", 1}, {"b", wire::Binary{"\xff"}}}));
  client.ask(wire::hdel("t", "a"));
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  watch.wait(10s);  // with the connection
  EXPECT_THAT(printed(), testing::EndsWith("k\tv\na\t1\nb\thex:ff\na\t(nil)\n"));
}

TEST_F(ClientEvents, WatchWaitsLongerThanTheTimeoutAndPrintsObjectsWithJson) {
  ServerProcess server;
  FrameClient client{server.port()};
  const std::string out = (folder_.path() / "out").string();
  Process watch{{client_program(), "--port", std::to_string(server.port()), "--timeout", "1",
                 "--json", "watch", "t"},
                out,
                (folder_.path() / "err").string()};
  EXPECT_THROW(watch.wait(1300ms), std::runtime_error) << "it has ended";
  client.ask(wire::hset("t", "k", 1));
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(watch.wait(10s), 3) << "with the connection";
  std::ifstream file{out};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{file}, {}}),
            R"({"status":200,"message":"","values":[],"pairs":[]})"
            "\n"
            R"({"status":200,"message":"","values":[],"pairs":[{"key":"k","value":1}]})"
            "\n");
}

/// Of label limits: a sanitizer needs more memory than that to begin with.
TEST(ClientMemory, AnAnswerForWhichThereIsNoneIsNoAnswer) {
  const ServerProcess server{{"--max-frame", std::to_string(64 << 20)}};
  FrameClient writer{server.port()};
  const std::string value(1 << 20, 'v');
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(writer.ask(wire::hset("t", std::to_string(i), value)).status, 200u);
  const Finished finished = run({"prlimit", "--as=50000000", client_program(), "--port",
                                 std::to_string(server.port()), "hgetall", "t"});
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "kv-client: too little memory for the answer\n");
}

}  // namespace
}  // namespace kv::test
