// The Redis protocol of stages 1 and 2, from outside: these tests take any server that KV_SERVER
// names. What they expect is what Redis 7.0 does; the limits that are this project's own say so.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iostream>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/socket.hpp"

namespace kv::test {
namespace {

using namespace std::string_literals;
using Words = std::vector<std::string>;
using Table = std::map<std::string, std::string>;

// Redis's own.
constexpr std::size_t line_bytes_max = 64 * 1024;
// This project's.
constexpr std::size_t request_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t words_max = 1024 * 1024;
constexpr std::size_t answer_bytes_max = 4 * 1024 * 1024;  // of an array, without its length
constexpr std::size_t name_bytes_max = 1024;
constexpr std::size_t value_bytes_max = 1024 * 1024;

const std::string ping = "*1\r\n$4\r\nPING\r\n";
const std::string pong = "+PONG\r\n";

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

std::string protocol_error(const std::string& what) {
  return "-ERR Protocol error: " + what + "\r\n";
}

std::string bulk_header(std::size_t size) { return "$" + std::to_string(size) + "\r\n"; }

struct Resp : testing::Test {
  ServerProcess server;

  // Sends `request`; the answer must be `reply`, exactly, and the connection must still be good for
  // a PING.
  void expect_reply(const std::string& request, const std::string& reply,
                    std::chrono::milliseconds patience = 10s) {
    if (HasFailure()) return;  // one is enough, and each may take that long
    SCOPED_TRACE("request " + escaped(request + "PING\r\n"));
    Socket socket = server.connect();
    socket.set_timeout(patience);
    socket.send(request + "PING\r\n");
    EXPECT_TRUE(socket.receives(reply + pong));
  }

  // Sends `request`; the answer must be `reply`, exactly, and then the server must close.
  void expect_reply_and_close(const std::string& request, const std::string& reply) {
    if (HasFailure()) return;
    SCOPED_TRACE("request " + escaped(request));
    Socket socket = server.connect();
    socket.send(request);
    EXPECT_TRUE(socket.receives_last(reply));
  }

  void expect_alive() { EXPECT_EQ(RespClient{server.port()}.command({"PING"}), simple("PONG")); }
};

struct RespPing : Resp {};
struct RespHttp : Resp {};
struct RespOneAtATime : Resp {};
struct RespConnections : Resp {};
// Resident memory: of label limits, since a sanitizer keeps what is freed.
struct RespMemory : Resp {};
struct RespIdle : Resp {};

TEST_F(RespPing, AnInlineLineIsAnswered) {
  expect_reply("PING\r\n", pong);
  expect_reply("PING\n", pong);
  expect_reply("  PING \t\r\n", pong);
}

TEST_F(RespPing, AnArrayIsAnswered) { expect_reply(ping, pong); }

TEST_F(RespPing, AMessageComesBack) {
  expect_reply("PING hello\r\n", "$5\r\nhello\r\n");
  expect_reply("*2\r\n$4\r\nPING\r\n$5\r\nhello\r\n", "$5\r\nhello\r\n");
  expect_reply("*2\r\n$4\r\nPING\r\n$0\r\n\r\n", "$0\r\n\r\n");
}

TEST_F(RespPing, AMessageMayHoldAnyByte) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  const std::string message = all_bytes + "\r\n$5\r\n*1\r\n";
  expect_reply(resp_array({"PING", message}), bulk_header(message.size()) + message + "\r\n");
}

TEST_F(RespPing, QuotesKeepAnInlineWordTogether) {
  expect_reply("PING \"hello  world\"\r\n", "$12\r\nhello  world\r\n");
  expect_reply("PING 'it is'\r\n", "$5\r\nit is\r\n");
  expect_reply("PING \"\\x41\\n\\\"\"\r\n", "$3\r\nA\n\"\r\n");
  expect_reply("PING 'a\\'b'\r\n", "$3\r\na'b\r\n");
}

TEST_F(RespPing, TheNameMayBeInAnyCase) {
  expect_reply("ping\r\n", pong);
  expect_reply("*1\r\n$4\r\npInG\r\n", pong);
}

TEST_F(RespPing, TwoMessagesAreOneTooMany) {
  expect_reply(resp_array({"PING", "a", "b"}),
               "-ERR wrong number of arguments for 'ping' command\r\n");
  expect_reply("ping a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n");
}

TEST_F(RespPing, AnUnknownCommandIsNamed) {
  expect_reply("FooBar\r\n", "-ERR unknown command 'FooBar', with args beginning with: \r\n");
  expect_reply(resp_array({"FOO", "a", "b c"}),
               "-ERR unknown command 'FOO', with args beginning with: 'a' 'b c' \r\n");
}

TEST_F(RespPing, AnUnknownCommandCannotForgeAReply) {
  expect_reply(resp_array({"X\r\n+OK"}),
               "-ERR unknown command 'X  +OK', with args beginning with: \r\n");
}

TEST_F(RespPing, AnUnknownCommandIsNotEchoedInAllItsLength) {
  RespClient client{server.port()};
  const Reply reply = client.command({std::string(100'000, 'n'), std::string(100'000, 'a'), "b"});
  EXPECT_EQ(reply, error("ERR unknown command '" + std::string(128, 'n') +
                         "', with args beginning with: '" + std::string(128, 'a') + "' "));
}

TEST_F(RespPing, NothingAskedIsNothingAnswered) {
  expect_reply("\r\n", "");
  expect_reply("\n", "");
  expect_reply("  \r\n", "");
  expect_reply("*0\r\n", "");
  expect_reply("*-1\r\n", "");
}

TEST_F(RespPing, OneByteAtATimeIsAsGood) {
  Socket socket = server.connect();
  socket.send_one_at_a_time("PING\r\n" + ping + "*0\r\n" + resp_array({"PING", "a\r\nb"}));
  const std::string expected = pong + pong + "$4\r\na\r\nb\r\n";
  EXPECT_TRUE(socket.receives(expected));
}

TEST_F(RespPing, PipelinedRequestsAreAnsweredInOrder) {
  std::string requests;
  std::string replies;
  for (int i = 0; i < 4'000; ++i) {
    const std::string number = std::to_string(1'000 + i);
    requests += i % 2 == 0 ? resp_array({"PING", number}) : "PING " + number + "\r\n";
    replies += "$4\r\n" + number + "\r\n";
  }
  Socket socket = server.connect();
  socket.send(requests);
  EXPECT_TRUE(socket.receives(replies));
  EXPECT_FALSE(socket.readable_within(50ms)) << "more replies than requests";
}

TEST_F(RespPing, AProtocolErrorIsExplainedAndCloses) {
  expect_reply_and_close("*x\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*1x\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*01\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*-0\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*99999999999999999999\r\n", protocol_error("invalid multibulk length"));
  expect_reply_and_close("*1\r\nPING\r\n", protocol_error("expected '$', got 'P'"));
  expect_reply_and_close("*2\r\n$4\r\nPING\r\n:1\r\n", protocol_error("expected '$', got ':'"));
  expect_reply_and_close("*1\r\n$x\r\n", protocol_error("invalid bulk length"));
  expect_reply_and_close("*1\r\n$-1\r\n", protocol_error("invalid bulk length"));
  expect_reply_and_close("*1\r\n$04\r\nping\r\n", protocol_error("invalid bulk length"));
  expect_reply_and_close("*1\r\n$\r\n", protocol_error("invalid bulk length"));
  expect_reply_and_close("*1\r\n$99999999999999999999\r\n", protocol_error("invalid bulk length"));
  expect_reply_and_close("PING \"open\r\n", protocol_error("unbalanced quotes in request"));
  expect_reply_and_close("PING \"a\"b\r\n", protocol_error("unbalanced quotes in request"));
  expect_alive();
}

TEST_F(RespPing, WhatCameBeforeAProtocolErrorIsAnswered) {
  expect_reply_and_close(ping + ping + "*1\r\n$x\r\n",
                         pong + pong + protocol_error("invalid bulk length"));
}

// As Redis does it. The lengths say where everything begins, so these two bytes are only skipped.
TEST_F(RespPing, AnyTwoBytesMayStandBehindABulkString) {
  expect_reply("*2\r\n$4\r\nPINGxx$2\r\nhiyy", "$2\r\nhi\r\n");
  expect_reply("*1\r\n$4\r\nPING\n\n", pong);
  expect_reply("*1\r\n$4\r\nPING$*", pong);
  expect_reply_and_close("*2\r\n$4\r\nPINGxxx$2\r\nhi\r\n",
                         protocol_error("expected '$', got 'x'"));
}

TEST_F(RespPing, BothBytesBehindABulkStringMustHaveCome) {
  Socket socket = server.connect();
  socket.send(ping.substr(0, ping.size() - 1));
  EXPECT_FALSE(socket.readable_within(100ms)) << "answered a byte too early";
  socket.send("xPING\r\n");
  EXPECT_TRUE(socket.receives(pong + pong));
}

TEST_F(RespPing, AnyByteMayStandBehindTheReturnOfALength) {
  expect_reply("*1\rx$4\r*PING\r\n", pong);
  expect_reply("*2\r\r$4\r\rPING\r\n$2\r\0hi\r\n"s, "$2\r\nhi\r\n");
  expect_reply("*0\rx*-1\rx", "");
  expect_reply_and_close("*1\n\r\n", protocol_error("invalid multibulk length"));
}

TEST_F(RespPing, AnInlineLineHasALimit) {
  // The limit, before its "\n".
  const std::string edge = "PING " + std::string(line_bytes_max - 6, 'x') + "\r";
  ASSERT_EQ(edge.size(), line_bytes_max);
  expect_reply(edge + "\n", bulk_header(line_bytes_max - 6) + edge.substr(5) + "\n");
  expect_reply_and_close("PING " + std::string(line_bytes_max - 4, 'x'),
                         protocol_error("too big inline request"));
}

TEST_F(RespPing, ALengthWithoutEndIsRefused) {
  expect_reply_and_close("*" + std::string(line_bytes_max, '1'),
                         protocol_error("too big mbulk count string"));
  expect_reply_and_close("*1\r\n$" + std::string(line_bytes_max, '1'),
                         protocol_error("too big bulk count string"));
}

TEST_F(RespPing, ABulkStringHasALimit) {
  const std::string message(request_bytes_max - 64,
                            'x');  // 64: more than the rest of the request takes
  expect_reply(resp_array({"PING", message}), bulk_header(message.size()) + message + "\r\n");
  expect_reply_and_close("*2\r\n$4\r\nPING\r\n" + bulk_header(request_bytes_max + 1),
                         protocol_error("invalid bulk length"));
}

TEST_F(RespPing, ARequestHasALimitInAll) {
  const Words words{"PING", std::string(request_bytes_max / 2, 'a'),
                    std::string(request_bytes_max / 2, 'b')};
  const std::string request = resp_array(words);
  // Refused as soon as the lengths say so; the bytes need not come.
  const std::string announced = request.substr(0, request.size() - request_bytes_max / 2 - 2);
  expect_reply_and_close(announced, protocol_error("too big request"));
  expect_reply_and_close(request, protocol_error("too big request"));
  expect_alive();
}

TEST_F(RespPing, ARequestMayHaveAMillionWordsAndNoMore) {
  expect_reply("*" + std::to_string(words_max) + "\r\n" + bulk_header(4) + "PING\r\n" +
                   repeated(bulk_header(0) + "\r\n", words_max - 1),
               "-ERR wrong number of arguments for 'ping' command\r\n", 60s);
  expect_reply_and_close("*" + std::to_string(words_max + 1) + "\r\n",
                         protocol_error("invalid multibulk length"));
}

// A close with unread input resets the connection, and a client that is still sending sees the
// reset in place of the reply. So the server must go on taking input, for at most a second, after
// its last word.
TEST_F(RespPing, TheErrorArrivesAlthoughMoreInputIsSent) {
  const std::string more(1'000'000, 'x');
  const std::pair<std::string, std::string> cases[] = {
      {more, protocol_error("too big inline request")},
      {ping + "*1\r\n" + bulk_header(request_bytes_max + 1) + more,
       pong + protocol_error("invalid bulk length")},
  };
  for (const auto& [request, reply] : cases) {
    for (int i = 0; i < 100; ++i) {
      SCOPED_TRACE("time " + std::to_string(i + 1) + " of 100");
      Socket socket = server.connect();
      const auto start = std::chrono::steady_clock::now();
      socket.send(request);
      ASSERT_TRUE(socket.receives_last(reply));
      try {
        for (int sent = 0; sent < 10; ++sent) socket.send("x");
      } catch (const std::system_error& error) {
        const bool in_time = std::chrono::steady_clock::now() - start < 900ms;
        ASSERT_FALSE(in_time) << error.what() << ": closed while the client was still sending";
      }
    }
  }
}

TEST_F(RespPing, AClientThatGoesOnSendingIsClosedAllTheSame) {
  Socket socket = server.connect();
  const auto start = std::chrono::steady_clock::now();
  const auto since = [start] { return std::chrono::steady_clock::now() - start; };
  const std::string more(64 * 1024, 'x');
  const auto closed = [&] {
    try {
      socket.send_some(more);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  };
  while (!closed()) ASSERT_LT(since(), 9s) << "one second is what it has, after the error";
  EXPECT_GT(since(), 900ms) << "and it has that";
}

TEST_F(RespPing, AClientMayLeaveInTheMiddleOfACommand) {
  const std::string request = ping + "PING hello\r\n" + resp_array({"PING", "hello"});
  for (std::size_t sent = 0; sent <= request.size(); ++sent) {
    Socket leaves = server.connect();
    leaves.send(request.substr(0, sent));
    Socket breaks = server.connect();
    breaks.send(request.substr(0, sent));
    breaks.reset();
  }
  expect_alive();
  EXPECT_TRUE(server.running());
}

TEST_F(RespPing, AClientMayLeaveWithoutReadingItsReplies) {
  for (int i = 0; i < 20; ++i) {
    Socket socket = server.connect();
    socket.send(repeated(ping, 1'000));
    socket.reset();
  }
  expect_alive();
}

// What a browser sends to post a form to us, for a page of anybody's.
TEST_F(RespHttp, APostIsClosedBeforeItsBody) {
  const std::string post =
      "POST / HTTP/1.1\r\nHost: 127.0.0.1:9527\r\nContent-Type: text/plain\r\n"
      "Content-Length: 18\r\n\r\nPING from-a-page\r\n";
  expect_reply_and_close(post, "");
  expect_reply_and_close(ping + post, pong);
  expect_reply_and_close("post / HTTP/1.1\r\nPING\r\n", "");
  expect_reply_and_close("\"Post\"\nPING\r\n", "");
  expect_reply_and_close(resp_array({"POST"}) + ping, "");
  expect_alive();
}

TEST_F(RespHttp, AnyOtherMethodIsClosedAtItsHost) {
  for (const std::string method : {"GET", "PUT", "OPTIONS", "PATCH"}) {
    for (const std::string host : {"Host:", "host:", "HOST:"}) {
      expect_reply_and_close(
          method + " / HTTP/1.1\r\n" + host + " 127.0.0.1\r\n\r\nPING\r\n",
          "-ERR unknown command '" + method + "', with args beginning with: '/' 'HTTP/1.1' \r\n");
    }
  }
}

TEST_F(RespHttp, OneByteAtATimeIsClosedTheSame) {
  Socket socket = server.connect();
  socket.send_one_at_a_time("POST / HTTP/1.1\r\n");
  EXPECT_TRUE(socket.receives_last(""));
}

TEST_F(RespHttp, OnlyTheFirstWordSaysThatItIsHttp) {
  expect_reply("PING POST\r\n", "$4\r\nPOST\r\n");
  expect_reply(resp_array({"PING", "Host:"}), "$5\r\nHost:\r\n");
  expect_reply("HOST\r\n", "-ERR unknown command 'HOST', with args beginning with: \r\n");
  expect_reply("POSTS\r\n", "-ERR unknown command 'POSTS', with args beginning with: \r\n");
}

TEST_F(RespHttp, TheLogSaysSoAndIsNotFilledWithIt) {
  for (int i = 0; i < 20; ++i) expect_reply_and_close("POST / HTTP/1.1\r\n", "");
  ASSERT_TRUE(server.log_holds("HTTP ('POST')"));
  const std::string log = server.log();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST_F(RespOneAtATime, TheSecondClientWaitsForTheFirst) {
  RespClient second = [this] {
    RespClient first{server.port()};
    EXPECT_EQ(first.command({"PING"}), simple("PONG"));
    RespClient waiting{server.port()};
    waiting.send({"PING"});
    EXPECT_FALSE(waiting.socket().readable_within(300ms))
        << "answered while the first is still there";
    EXPECT_EQ(first.command({"PING"}), simple("PONG"));
    return waiting;
  }();
  EXPECT_EQ(second.receive(), simple("PONG"));
}

struct RespTable : Resp {
  RespClient client{server.port()};

  Reply command(const Words& words) { return client.command(words); }

  Table table(const std::string& name) {
    const Reply reply = command({"HGETALL", name});
    EXPECT_EQ(reply.type, Reply::Type::array);
    EXPECT_EQ(reply.elements.size() % 2, 0u);
    Table entries;
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      entries[reply.elements[i].text] = reply.elements[i + 1].text;
    }
    EXPECT_EQ(entries.size() * 2, reply.elements.size()) << "a key came twice";
    return entries;
  }

  void expect_refused(const Words& words) {
    std::string shown;
    for (const auto& word : words)
      shown += " " + word.substr(0, 20) + (word.size() > 20 ? "..." : "");
    SCOPED_TRACE("request" + shown);
    const Reply reply = command(words);
    EXPECT_TRUE(reply.type == Reply::Type::error && reply.text.starts_with("ERR "))
        << "expected -ERR ..., received " << testing::PrintToString(reply);
    EXPECT_EQ(command({"PING"}), simple("PONG")) << "the connection stays";
  }
};

TEST_F(RespTable, HsetTellsHowManyKeysAreNew) {
  EXPECT_EQ(command({"HSET", "t", "k", "v"}), integer(1));
  EXPECT_EQ(command({"HSET", "t", "k", "w"}), integer(0));
  EXPECT_EQ(command({"HSET", "t", "k", "x", "l", "y", "m", "z"}), integer(2));
  EXPECT_EQ(table("t"), (Table{{"k", "x"}, {"l", "y"}, {"m", "z"}}));
}

TEST_F(RespTable, HgetTellsTheValue) {
  command({"HSET", "t", "k", "v"});
  EXPECT_EQ(command({"HGET", "t", "k"}), bulk("v"));
  EXPECT_EQ(command({"HGET", "t", "absent"}), nil());
  EXPECT_EQ(command({"HGET", "absent", "k"}), nil());
}

TEST_F(RespTable, HmsetSaysOk) {
  EXPECT_EQ(command({"HMSET", "t", "k", "v", "l", "w"}), simple("OK"));
  EXPECT_EQ(command({"HMSET", "t", "k", "x"}), simple("OK"));
  EXPECT_EQ(table("t"), (Table{{"k", "x"}, {"l", "w"}}));
}

TEST_F(RespTable, HmgetTellsAValueForEachKeyInOrder) {
  command({"HMSET", "t", "k", "v", "l", "w"});
  EXPECT_EQ(command({"HMGET", "t", "l", "absent", "k", "l"}),
            array({bulk("w"), nil(), bulk("v"), bulk("w")}));
  EXPECT_EQ(command({"HMGET", "absent", "k", "l"}), array({nil(), nil()}));
}

TEST_F(RespTable, HgetallTellsAllPairs) {
  EXPECT_EQ(command({"HGETALL", "absent"}), array({}));
  command({"HSET", "t", "k", "v"});
  EXPECT_EQ(command({"HGETALL", "t"}), array_of_bulks({"k", "v"}));
  command({"HSET", "other", "l", "w"});
  EXPECT_EQ(table("t"), (Table{{"k", "v"}}));
}

TEST_F(RespTable, HdelTellsHowManyKeysWereRemoved) {
  command({"HMSET", "t", "k", "v", "l", "w", "m", "x"});
  EXPECT_EQ(command({"HDEL", "t", "k"}), integer(1));
  EXPECT_EQ(command({"HDEL", "t", "k"}), integer(0));
  EXPECT_EQ(command({"HDEL", "t", "l", "absent", "l", "k"}), integer(1));
  EXPECT_EQ(command({"HDEL", "absent", "m"}), integer(0));
  EXPECT_EQ(table("t"), (Table{{"m", "x"}}));
}

TEST_F(RespTable, HexistsTellsOneOrZero) {
  command({"HSET", "t", "k", "v"});
  EXPECT_EQ(command({"HEXISTS", "t", "k"}), integer(1));
  EXPECT_EQ(command({"HEXISTS", "t", "v"}), integer(0));
  EXPECT_EQ(command({"HEXISTS", "absent", "k"}), integer(0));
}

TEST_F(RespTable, HlenTellsTheNumberOfKeys) {
  EXPECT_EQ(command({"HLEN", "t"}), integer(0));
  command({"HMSET", "t", "k", "v", "l", "w"});
  EXPECT_EQ(command({"HLEN", "t"}), integer(2));
  command({"HSET", "t", "k", "x"});
  EXPECT_EQ(command({"HLEN", "t"}), integer(2));
}

TEST_F(RespTable, NamesMayBeInAnyCaseAndRequestsInline) {
  EXPECT_EQ(command({"hSeT", "t", "K", "v"}), integer(1));
  EXPECT_EQ(command({"hget", "t", "k"}), nil()) << "keys are not commands: their case counts";
  expect_reply("hget t K\r\n", "$1\r\nv\r\n");
  expect_reply("HSET t \"two words\" ''\r\n", ":1\r\n");
  expect_reply("hgetall absent\r\n", "*0\r\n");
}

TEST_F(RespTable, TheWrongNumberOfWordsIsRefused) {
  const std::pair<std::string, std::vector<Words>> cases[] = {
      {"hset", {{}, {"t"}, {"t", "k"}, {"t", "k", "v", "l"}}},
      {"hmset", {{}, {"t"}, {"t", "k"}, {"t", "k", "v", "l"}}},
      {"hget", {{}, {"t"}, {"t", "k", "l"}}},
      {"hmget", {{}, {"t"}}},
      {"hgetall", {{}, {"t", "k"}}},
      {"hdel", {{}, {"t"}}},
      {"hexists", {{}, {"t"}, {"t", "k", "l"}}},
      {"hlen", {{}, {"t", "k"}}},
  };
  for (const auto& [name, all_arguments] : cases) {
    for (Words words : all_arguments) {
      words.insert(words.begin(), name);
      EXPECT_EQ(command(words), error("ERR wrong number of arguments for '" + name + "' command"))
          << testing::PrintToString(words);
    }
  }
  EXPECT_EQ(table("t"), Table{}) << "a refused command has written something";
}

TEST_F(RespTable, ARepeatedKeyActsInSequence) {
  EXPECT_EQ(command({"HSET", "t", "k", "1", "k", "2"}), integer(1));
  EXPECT_EQ(command({"HGET", "t", "k"}), bulk("2"));
  EXPECT_EQ(command({"HMSET", "t", "k", "3", "l", "4", "k", "5"}), simple("OK"));
  EXPECT_EQ(table("t"), (Table{{"k", "5"}, {"l", "4"}}));
}

TEST_F(RespTable, OneCommandMaySetManyKeys) {
  Words words{"HSET", "t"};
  Table expected;
  for (int i = 0; i < 10'000; ++i) {
    const auto [entry, added] =
        expected.emplace("key " + std::to_string(i), "value " + std::to_string(i));
    words.insert(words.end(), {entry->first, entry->second});
  }
  EXPECT_EQ(command(words), integer(10'000));
  EXPECT_EQ(table("t"), expected);
  EXPECT_EQ(command({"HLEN", "t"}), integer(10'000));
}

TEST_F(RespTable, ATableWithoutKeysIsNoTable) {
  command({"HMSET", "t", "k", "v", "l", "w"});
  EXPECT_EQ(command({"HDEL", "t", "k", "l"}), integer(2));
  EXPECT_EQ(command({"HLEN", "t"}), integer(0));
  EXPECT_EQ(command({"HGETALL", "t"}), array({}));
  EXPECT_EQ(command({"HDEL", "t", "k"}), integer(0));
  EXPECT_EQ(command({"HSET", "t", "k", "v"}), integer(1));
}

TEST_F(RespTable, NamesAndValuesMayHoldAnyByte) {
  const std::string odd = std::string{"\0\r\n$1\r\n:*+-\"' \xff\x80", 16} + "end";
  EXPECT_EQ(command({"HSET", odd, odd + "k", odd + "v"}), integer(1));
  EXPECT_EQ(command({"HGET", odd, odd + "k"}), bulk(odd + "v"));
  EXPECT_EQ(command({"HGETALL", odd}), array_of_bulks({odd + "k", odd + "v"}));
  EXPECT_EQ(command({"HDEL", odd, odd + "k"}), integer(1));
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    EXPECT_EQ(command({"HSET", "bytes", one, one}), integer(1)) << byte;
    EXPECT_EQ(command({"HGET", "bytes", one}), bulk(one)) << byte;
  }
  EXPECT_EQ(command({"HLEN", "bytes"}), integer(256));
}

TEST_F(RespTable, AColonInANameDoesNotMixTables) {
  command({"HSET", "a:b", "c", "1"});
  command({"HSET", "a", "b:c", "2"});
  command({"HSET", "a:b:c", "", "3"});
  EXPECT_EQ(table("a:b"), (Table{{"c", "1"}}));
  EXPECT_EQ(table("a"), (Table{{"b:c", "2"}}));
  EXPECT_EQ(table("a:b:c"), (Table{{"", "3"}}));
}

TEST_F(RespTable, EmptyNamesAndValuesAreNamesAndValues) {
  EXPECT_EQ(command({"HSET", "", "", ""}), integer(1));
  EXPECT_EQ(command({"HGET", "", ""}), bulk(""));
  EXPECT_EQ(command({"HGETALL", ""}), array_of_bulks({"", ""}));
  EXPECT_EQ(command({"HEXISTS", "", ""}), integer(1));
  EXPECT_EQ(command({"HDEL", "", ""}), integer(1));
  EXPECT_EQ(command({"HGET", "", ""}), nil());
}

TEST_F(RespTable, NamesOfTheLimitAreTaken) {
  const std::string name(name_bytes_max, 'n');
  EXPECT_EQ(command({"HSET", name, name, "v"}), integer(1));
  EXPECT_EQ(command({"HMSET", name, "k", "w", name, "x"}), simple("OK"));
  EXPECT_EQ(command({"HGET", name, name}), bulk("x"));
  EXPECT_EQ(command({"HMGET", name, "k", name}), array_of_bulks({"w", "x"}));
  EXPECT_EQ(command({"HEXISTS", name, name}), integer(1));
  EXPECT_EQ(command({"HLEN", name}), integer(2));
  EXPECT_EQ(table(name), (Table{{"k", "w"}, {name, "x"}}));
  EXPECT_EQ(command({"HDEL", name, "k", name}), integer(2));
}

TEST_F(RespTable, NamesOverTheLimitAreRefusedInEveryCommand) {
  const std::string too_long(name_bytes_max + 1, 'n');
  const std::string t = "t";
  command({"HSET", t, "k", "v"});
  const Words refused[] = {
      {"HSET", too_long, "k", "v"},
      {"HSET", t, too_long, "v"},
      {"HSET", t, "first", "v", too_long, "v"},
      {"HMSET", too_long, "k", "v"},
      {"HMSET", t, "first", "v", too_long, "v", "last", "v"},
      {"HGET", too_long, "k"},
      {"HGET", t, too_long},
      {"HMGET", too_long, "k"},
      {"HMGET", t, "k", too_long},
      {"HGETALL", too_long},
      {"HDEL", too_long, "k"},
      {"HDEL", t, "k", too_long},
      {"HEXISTS", too_long, "k"},
      {"HEXISTS", t, too_long},
      {"HLEN", too_long},
  };
  for (const auto& words : refused) expect_refused(words);
  EXPECT_EQ(table(t), (Table{{"k", "v"}})) << "a refused command has written something";
}

TEST_F(RespTable, AValueOfTheLimitIsTakenAndOneOverItRefused) {
  const std::string largest(value_bytes_max, 'v');
  const std::string too_large(value_bytes_max + 1, 'v');
  EXPECT_EQ(command({"HSET", "t", "k", largest}), integer(1));
  EXPECT_TRUE(same_bytes(largest, command({"HGET", "t", "k"}).text));
  expect_refused({"HSET", "t", "k", too_large});
  expect_refused({"HSET", "t", "first", "v", "second", too_large});
  expect_refused({"HMSET", "t", "first", "v", "second", too_large, "third", "v"});
  EXPECT_EQ(command({"HLEN", "t"}), integer(1)) << "a refused command has written something";
  EXPECT_TRUE(same_bytes(largest, command({"HGET", "t", "k"}).text));
}

TEST_F(RespTable, ARequestMayBeAsLargeAsItsLimit) {
  const std::string value(value_bytes_max, 'v');
  const std::string less(value_bytes_max - 1'024,
                         'w');  // 1,024: more than the rest of the request takes
  EXPECT_EQ(command({"HSET", "t", "1", value, "2", value, "3", value, "4", less}), integer(4));
  expect_reply_and_close(resp_array({"HSET", "t", "5", value, "6", value, "7", value, "8", value}),
                         protocol_error("too big request"));
  EXPECT_EQ(command({"HLEN", "t"}), integer(4));
}

TEST_F(RespTable, AnAnswerOverItsLimitIsRefused) {
  const std::string value(value_bytes_max, 'v');
  for (const char* key : {"1", "2", "3", "4", "5"}) command({"HSET", "t", key, value});
  EXPECT_EQ(command({"HMGET", "t", "1", "2", "3"}), array_of_bulks({value, value, value}));
  expect_refused({"HMGET", "t", "1", "2", "3", "4", "5"});
  expect_refused({"HGETALL", "t"});
  // Half a terabyte, for a request of a few megabytes.
  Words bomb{"HMGET", "t"};
  bomb.insert(bomb.end(), 500'000, "1");
  expect_refused(bomb);
  EXPECT_EQ(command({"HLEN", "t"}), integer(5));
}

TEST_F(RespTable, AnAnswerMayBeAsLargeAsItsLimitOnTheWire) {
  for (int thousands = 0; thousands < 100; ++thousands) {
    Words set{"HSET", "t"};
    for (int i = 0; i < 1'000; ++i)
      set.insert(set.end(), {std::to_string(1'000 * thousands + i), "v"});
    ASSERT_EQ(command(set), integer(1'000));
  }
  EXPECT_EQ(command({"HGETALL", "t"}).elements.size(), 200'000u) << "2 MB on the wire";

  const std::string quarter(answer_bytes_max / 4 - bulk_header(value_bytes_max).size() - 2, 'q');
  command({"HSET", "t", "quarter", quarter});
  const Words whole{"HMGET", "t", "quarter", "quarter", "quarter", "quarter"};
  EXPECT_EQ(command(whole), array_of_bulks({quarter, quarter, quarter, quarter}));
  expect_refused({"HMGET", "t", "quarter", "quarter", "quarter", "quarter", "absent"});
  command({"HSET", "t", "quarter", quarter + "q"});
  expect_refused(whole);
}

TEST_F(RespTable, WhatAWriteReplacesOrRemovesIsNoPartOfItsAnswer) {
  const std::string value(value_bytes_max, 'v');
  for (const char* key : {"1", "2", "3", "4", "5"}) command({"HSET", "t", key, value});
  EXPECT_EQ(command({"HSET", "t", "1", "", "2", "", "3", "", "4", "", "5", ""}), integer(0));
  for (const char* key : {"1", "2", "3", "4", "5"}) command({"HSET", "t", key, value});
  EXPECT_EQ(command({"HDEL", "t", "1", "2", "3", "4", "5"}), integer(5));
  Words many{"HDEL", "t"};
  many.insert(many.end(), 300'000, "absent");
  EXPECT_EQ(command(many), integer(0));
}

TEST_F(RespConnections, TwoClientsAreServedAtOnce) {
  RespClient first{server.port()};
  RespClient second{server.port()};
  EXPECT_EQ(first.command({"HSET", "t", "k", "v"}), integer(1));
  EXPECT_EQ(second.command({"HGET", "t", "k"}), bulk("v"));
  EXPECT_EQ(first.command({"HDEL", "t", "k"}), integer(1));
  EXPECT_EQ(second.command({"HGET", "t", "k"}), nil());
}

TEST_F(RespConnections, AClientInTheMiddleOfACommandHoldsUpNobody) {
  RespClient slow{server.port()};
  slow.socket().send("*3\r\n$4\r\nHGET\r\n$1\r\n");
  RespClient other{server.port()};
  EXPECT_EQ(other.command({"HSET", "t", "k", "v"}), integer(1));
  slow.socket().send("t\r\n$1\r\nk\r\n");
  EXPECT_EQ(slow.receive(), bulk("v"));
}

TEST_F(RespConnections, OneConnectionTooManyIsToldSo) {
  ServerProcess small{{"--max-connections", "3"}};
  RespClient first{small.port()};
  RespClient second{small.port()};
  {
    RespClient third{small.port()};
    for (RespClient* client : {&first, &second, &third}) {
      ASSERT_EQ(client->command({"PING"}), simple("PONG"));
    }
    for (int i = 0; i < 20; ++i) {
      RespClient fourth{small.port()};
      fourth.send({"PING"});
      ASSERT_EQ(fourth.receive_last(), error("ERR max number of clients reached"));
    }
    EXPECT_EQ(third.command({"PING"}), simple("PONG"));
  }
  // There is room again as soon as the server has noticed that the third has left.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Reply reply;
  do {
    RespClient next{small.port()};
    reply = next.command({"PING"});
  } while (reply.type == Reply::Type::error && std::chrono::steady_clock::now() < deadline);
  EXPECT_EQ(reply, simple("PONG"));
}

TEST_F(RespConnections, EightClientsWritingOneTableLoseNothing) {
  constexpr int clients = 8;
  constexpr int keys = 500;
  std::vector<std::future<int>> added;
  for (int number = 0; number < clients; ++number) {
    added.push_back(std::async(std::launch::async, [this, number] {
      RespClient client{server.port()};
      std::int64_t count = 0;
      for (int i = 0; i < keys; ++i) {
        const std::string key = std::to_string(number) + ":" + std::to_string(i);
        count += client.command({"HSET", "t", key, key}).integer;
        count += client.command({"HSET", "t", "shared " + std::to_string(i), key}).integer;
      }
      return static_cast<int>(count);
    }));
  }
  int sum = 0;
  for (auto& one : added) sum += one.get();
  EXPECT_EQ(sum, clients * keys + keys) << "each shared key was new to one client, and to one only";

  RespClient client{server.port()};
  EXPECT_EQ(client.command({"HLEN", "t"}), integer(clients * keys + keys));
  for (int number = 0; number < clients; ++number) {
    for (int i = 0; i < keys; ++i) {
      const std::string key = std::to_string(number) + ":" + std::to_string(i);
      ASSERT_EQ(client.command({"HGET", "t", key}), bulk(key));
    }
  }
}

TEST_F(RespConnections, AThousandRequestsAreAnsweredAlthoughTheClientClosedItsHalf) {
  const std::string value(1'000, 'v');
  std::string requests = resp_array({"HSET", "t", "k", value});
  std::string replies = ":1\r\n";
  for (int i = 1; i < 1'000; ++i) {
    requests += resp_array({"HGET", "t", "k"});
    replies += bulk_header(value.size()) + value + "\r\n";
  }
  Socket socket = server.connect();
  socket.send(requests);
  socket.half_close();
  const std::string received = socket.receive_until_closed();
  EXPECT_TRUE(same_bytes(replies, received));
  figure("answered_bytes_of_" + std::to_string(replies.size()), received.size());
}

TEST_F(RespMemory, TablesWithoutKeysHoldNone) {
  RespClient client{server.port()};
  const auto fill_and_empty = [&](int tables) {
    for (int i = 0; i < tables; ++i) {
      const std::string name = std::to_string(i) + std::string(900, 'n');
      client.send({"HSET", name, "k", "v"});
      client.send({"HDEL", name, "k"});
      ASSERT_EQ(client.receive(), integer(1));
      ASSERT_EQ(client.receive(), integer(1));
    }
  };
  fill_and_empty(100);
  const auto before = server.resident_bytes();
  fill_and_empty(20'000);
  EXPECT_LT(server.resident_bytes(), before + 8 * 1024 * 1024);
}

TEST_F(RespMemory, AnAnnouncedLengthTakesNoMemory) {
  const auto before = server.resident_bytes();
  std::vector<Socket> sockets;
  for (int i = 0; i < 100; ++i) {
    sockets.push_back(server.connect());
    sockets.back().send(ping + "*2\r\n$4\r\nPING\r\n" + bulk_header(request_bytes_max / 2) + "x");
    ASSERT_EQ(sockets.back().receive(pong.size()), pong);
  }
  EXPECT_LT(server.resident_bytes(), before + 16 * 1024 * 1024);
  sockets.front().send(std::string(request_bytes_max / 2 - 1, 'x') + "\r\n");
  EXPECT_EQ(sockets.front().receive_line(), bulk_header(request_bytes_max / 2))
      << "all of it may come";
}

TEST_F(RespMemory, AReaderThatNeverReadsHoldsLittleMemory) {
  RespClient writer{server.port()};
  EXPECT_EQ(writer.command({"HSET", "t", "k", std::string(value_bytes_max, 'v')}), integer(1));
  const auto before = server.resident_bytes();
  Socket reader = server.connect();
  const std::string request = resp_array({"HGET", "t", "k"});
  reader.send(repeated(request, 600));
  // A server that goes on while this one is stuck, and has had the time to answer it.
  for (int i = 0; i < 100; ++i) ASSERT_EQ(writer.command({"HLEN", "t"}), integer(1));
  ASSERT_TRUE(reader.readable_within(10s));
  const auto after = server.resident_bytes();
  figure("growth_bytes", after - std::min(before, after));
  EXPECT_LT(after, before + 16 * 1024 * 1024);
  const std::string reply =
      bulk_header(value_bytes_max) + std::string(value_bytes_max, 'v') + "\r\n";
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(reader.receives(reply)) << i;
}

// What a thread a connection costs. The figures are for the reader; the test is that all are
// served.
TEST_F(RespIdle, TwoThousandIdleConnectionsAreServed) {
  constexpr std::size_t connections = 2'000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ServerProcess fresh;  // it inherits the limit

  const auto threads_before = fresh.threads();
  const auto bytes_before = fresh.resident_bytes();
  std::vector<RespClient> clients;
  for (std::size_t i = 0; i < connections; ++i) {
    clients.emplace_back(fresh.port());
    ASSERT_EQ(clients.back().command({"PING"}), simple("PONG")) << "connection " << i + 1;
  }
  const auto threads = fresh.threads() - threads_before;
  const auto bytes = (fresh.resident_bytes() - bytes_before) / connections;
  std::cout << connections << " idle connections: " << threads << " threads, " << bytes
            << " bytes of memory each\n";
  RecordProperty("threads", std::to_string(threads));
  RecordProperty("bytes_a_connection", std::to_string(bytes));
  for (auto& client : clients) ASSERT_EQ(client.command({"PING"}), simple("PONG"));
}

}  // namespace
}  // namespace kv::test
