// Stage 2 against a real redis-server (Debian: redis-server; without it this fails): the same
// random commands to both, and every reply must be the same.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/process.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

using Words = std::vector<std::string>;

/// One that was free a moment ago.
std::uint16_t free_port() {
  const Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  ::socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<::sockaddr*>(&address);
  if (::bind(socket.get(), any, length) != 0 || ::getsockname(socket.get(), any, &length) != 0)
    throw std::runtime_error{"no free port"};
  return ::ntohs(address.sin_port);
}

/// A redis-server of our own on a free port, with its files in a temporary folder. Not the one that
/// Debian starts on port 6379.
class RedisServer {
 public:
  RedisServer() {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!answers()) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error{"no redis-server"};
      std::this_thread::sleep_for(5ms);
      if (!process_->running()) start();  // its port was taken by another
    }
  }
  std::uint16_t port() const { return port_; }

 private:
  void start() {
    port_ = free_port();
    const std::string log = (folder_.path() / "log").string();
    process_ = std::make_unique<Process>(
        Words{"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir",
              folder_.path().string(), "--save", ""},
        log, log);
  }
  bool answers() try {
    if (!process_) start();
    return RespClient{port_}.command({"PING"}) == simple("PONG") && process_->running();
  } catch (const std::runtime_error&) {
    return false;
  }

  TempFolder folder_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
};

class Commands {
 public:
  explicit Commands(std::uint32_t seed) : random_{seed} {}

  Words next() {
    static const std::vector<Words (Commands::*)()> kinds{
        &Commands::about_data, &Commands::about_data, &Commands::about_data,
        &Commands::about_the_connection, &Commands::anything};
    return (this->*one_of(kinds))();
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  template <class Range>
  const typename Range::value_type& one_of(const Range& range) {
    return range[below(range.size())];
  }

  std::string table() { return one_of(std::array{"t", "u", "", "a b"}); }
  std::string key() { return "k" + std::to_string(below(20)); }
  std::string any() {
    std::string bytes(below(20), '\0');
    std::ranges::generate(bytes, [this] { return static_cast<char>(below(256)); });
    return bytes;
  }

  Words about_data() {
    static const std::array names{"HSET", "HMSET", "HGET",    "HMGET",
                                  "HDEL", "HLEN",  "HGETALL", "HEXISTS"};
    const std::string name = one_of(names);
    Words words{name, table()};
    if (name == "HLEN" || name == "HGETALL") return words;
    const bool pairs = name.ends_with("SET");
    const bool many = pairs || name == "HMGET" || name == "HDEL";
    for (std::size_t i = many ? 1 + below(4) : 1; i > 0; --i) {
      words.push_back(below(10) == 0 ? any() : key());
      if (pairs) words.push_back(any());
    }
    return words;
  }

  Words about_the_connection() {
    static const std::vector<Words> all{
        {"PING"},
        {"PING", "a\r\nb"},
        {"ECHO", "hello"},
        {"ECHO"},
        {"ECHO", "a", "b"},
        {"SELECT", "0"},
        {"SELECT", "16"},
        {"SELECT", "-1"},
        {"SELECT", "x"},
        {"SELECT", "00"},
        {"SELECT", "99999999999"},
        {"SELECT", "99999999999999999999"},
        {"SELECT", ""},
        {"SELECT"},
        {"HELLO"},
        {"HELLO", "2"},
        {"HELLO", "1"},
        {"HELLO", "4"},
        {"HELLO", "x"},
        {"HELLO", "2", "AUTH", "default"},
        {"HELLO", "2", "auth", "default", "", "setname", "both"},
        {"HELLO", "2", "SETNAME", "here"},
        {"HELLO", "2", "SETNAME", "a b"},
        {"HELLO", "2", "SETNAME"},
        {"HELLO", "2", "FOO"},
        {"hello", "2", "SETNAME", ""},
        {"CLIENT"},
        {"CLIENT", "SETNAME", "me"},
        {"client", "setname", ""},
        {"CLIENT", "SETNAME", "a\nb"},
        {"CLIENT", "SETNAME", "\xc3\xbc"},
        {"CLIENT", "SETNAME"},
        {"CLIENT", "SETNAME", "a", "b"},
        {"CLIENT", "GETNAME"},
        {"CLIENT", "GETNAME", "x"},
        {"CLIENT", "ID", "x"},
        {"CLIENT", "FOO"},
        {"client", "foo", "bar"},
        {"COMMAND", "COUNT", "x"},
        {"COMMAND", "FOO"},
        {"INFO", "nonsense"},
    };
    return one_of(all);
  }

  /// The right words with one too many, one too few or one that is another; or a name of no
  /// command.
  Words anything() {
    Words words = below(2) == 0 ? about_data() : about_the_connection();
    switch (below(5)) {
      case 0: words.pop_back(); break;
      case 1: words.push_back(key()); break;
      case 2: words[0] = one_of(std::array{"LPUSHED", "hgetal", "no such\r\n", "h", "ECH"}); break;
      case 3:
        std::ranges::transform(words[0], words[0].begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        break;
      default: words.resize(1 + below(words.size()));
    }
    if (words.empty()) words = {"PING"};
    for (auto& word : words)
      std::ranges::replace(word, '\0', '0');  // where Redis ends it in errors
    return words;
  }

  std::mt19937 random_;
};

/// What may differ is taken out: the order of a table, and who is there.
Reply comparable(const Words& words, Reply reply) {
  std::string name = words[0];
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  auto& elements = reply.elements;
  if (name == "hgetall") {
    std::vector<Reply> pairs;
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2)
      pairs.push_back(array({elements[i], elements[i + 1]}));
    std::ranges::sort(pairs, {}, [](const Reply& pair) { return pair.elements[0].text; });
    elements = std::move(pairs);
  }
  if (name == "hello" && elements.size() == 14) {
    EXPECT_EQ(elements[7].type, Reply::Type::integer) << "the id of the connection";
    for (const std::size_t i : {3u, 7u, 13u}) elements[i] = nil();  // version, id, modules
  }
  return reply;
}

/// Ours has no list of commands, less to tell about itself, and fewer subcommands; and versions of
/// Redis differ.
bool is_the_same_in_redis(const Words& words) {
  const auto is = [&words](std::size_t i, const char* name) {
    return words.size() > i && ::strcasecmp(words[i].c_str(), name) == 0;
  };
  if (is(0, "info") || is(0, "command"))
    return is(1, "nonsense") || is(1, "foo") || words.size() > 2;
  for (std::size_t i = 1; is(0, "hello") && i < words.size(); ++i) {
    // Of these 7.0 takes the name at once, 8.0 at the end, and an empty one takes the name away.
    if (is(i, "setname") && (i + 2 != words.size() || words[i + 1].empty())) return false;
  }
  return !(is(0, "client") && is(1, "id") && words.size() == 2);
}

TEST(RedisDifferential, TenThousandRandomCommandsAreAnsweredAlike) {
  constexpr int kCommands = 10'000, kAtATime = 20;
  Commands commands{random_seed()};
  RedisServer redis;
  ServerProcess server;
  RespClient theirs{redis.port()}, ours{server.port()};
  int errors = 0;
  for (int done = 0; done < kCommands; done += kAtATime) {
    std::vector<Words> asked;
    while (asked.size() < kAtATime) {
      if (auto words = commands.next(); is_the_same_in_redis(words)) asked.push_back(words);
    }
    for (const auto& words : asked) theirs.send(words), ours.send(words);
    for (const auto& words : asked) {
      const Reply expected = comparable(words, theirs.receive());
      errors += expected.type == Reply::Type::error ? 1 : 0;
      ASSERT_EQ(comparable(words, ours.receive()), expected)
          << testing::PrintToString(words) << " of " << testing::PrintToString(asked);
    }
  }
  figure("errors", errors);
}

// Not among others: since 7.2 Redis gives no answer to a wrong password where answers wait before
// it.
TEST(RedisDifferential, AWrongPasswordIsRefusedAlike) {
  RedisServer redis;
  ServerProcess server;
  RespClient theirs{redis.port()}, ours{server.port()};
  for (const char* const user : {"nobody", "default"}) {
    const Words words{"HELLO", "2", "AUTH", user, "p"};
    theirs.send(words), ours.send(words);
    EXPECT_EQ(comparable(words, ours.receive()), comparable(words, theirs.receive())) << user;
  }
}

// What ends a connection cannot be in the middle of others.
TEST(RedisDifferential, WhatEndsAConnectionEndsItAlike) {
  RedisServer redis;
  ServerProcess server;
  const auto all = [](std::uint16_t port, const std::string& bytes) {
    Socket socket{port};
    socket.send(bytes);
    return socket.receive_until_closed();
  };
  for (const std::string bytes :
       {"QUIT\r\n", "PING\r\nquit now\r\nPING\r\n", "*1\r\n$4\r\nQUIT\r\nPING\r\n",
        "POST / HTTP/1.1\r\nHost: here\r\n\r\nPING\r\n", "*1\r\n$4\r\npost\r\nPING\r\n",
        "Host: here\r\nPING\r\n", "*2\r\n$4\r\nPINGxx$2\r\nhiyy*x\r\n", "*1\rX$4\r$PING**QUIT\r\n",
        "*1\n\r\nPING\r\n", "*1\r\n\r\n", "PING \"\r\n",
        "*1\r\n$4\r\nPING\r\n$4\r\nPING\r\nQUIT\n"}) {
    EXPECT_TRUE(same_bytes(all(redis.port(), bytes), all(server.port(), bytes))) << bytes;
  }
}

}  // namespace
}  // namespace kv::test
