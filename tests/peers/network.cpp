#include "network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "fixtures/frame_client.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "redis_server.hpp"

namespace kv::peers {
namespace {

using namespace std::chrono_literals;
namespace wire = test::wire;

constexpr std::size_t mib = 1'048'576;
constexpr std::size_t big_bytes = 1'000'000;

std::string repeated(const std::string& bytes, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += bytes;
  return out;
}

std::size_t peak_of(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
  }
  throw std::runtime_error{"the server has ended"};
}

std::vector<std::string> limited(std::size_t address_space) {
  if (address_space == 0) return {};
  return {"prlimit", "--as=" + std::to_string(address_space)};
}

/// Counts what `receive` takes until it throws, at the end of the connection.
template <class Receive>
int count_answers(int requests, const Receive& receive) {
  int answers = 0;
  try {
    for (; answers < requests; ++answers) receive();
  } catch (const std::exception&) {
  }
  return answers;
}

class ServedStage5 : public Served {
 public:
  explicit ServedStage5(std::size_t address_space)
      : server_{{.flags = {"--max-frame", std::to_string(64 * mib)},
                 .before = limited(address_space)}} {
    test::FrameClient client{server_.port()};
    (void)client.ask(wire::hset("t", "big", std::string(big_bytes, 'b')));
    (void)client.ask(wire::hget("t", "big"));
    (void)client.ask(wire::hset("t", "small", std::string(100, 's')));
    (void)client.ask(wire::hset("t", "large", std::string(10'000, 'l')));
  }

  void announce_much() override {
    clients_.emplace_back(server_.port());
    clients_.back().send_raw(std::string{"\x04\0\0\0", 4} + std::string(90, 'x'));
  }

  void ask_and_not_read(int requests) override {
    clients_.emplace_back(server_.port());
    clients_.back().send_raw(repeated(wire::frame(wire::hget("t", "big")), requests));
  }

  bool alive() override { return server_.running() && test::served_within(server_.port(), 10s); }

  std::size_t peak_bytes() override { return peak_of(server_.pid()); }

  int answered_after_half_close(int requests, const std::string& key) override {
    test::FrameClient client{server_.port()};
    client.send_raw(repeated(wire::frame(wire::hget("t", key)), requests));
    client.socket().half_close();
    return count_answers(requests, [&] { (void)client.receive_response(); });
  }

 private:
  test::ServerProcess server_;
  std::vector<test::FrameClient> clients_;
};

class ServedRedis : public Served {
 public:
  explicit ServedRedis(std::size_t address_space)
      : server_{RedisServer::start(folder_.path(), {}, limited(address_space))} {
    if (!server_) throw std::runtime_error{"redis-server does not start"};
    test::RespClient client{server_->port()};
    (void)client.command({"SET", "big", std::string(big_bytes, 'b')});
    (void)client.command({"GET", "big"});
    (void)client.command({"SET", "small", std::string(100, 's')});
    (void)client.command({"SET", "large", std::string(10'000, 'l')});
  }

  void announce_much() override {
    clients_.emplace_back(server_->port());
    clients_.back().socket().send("*1\r\n$536870912\r\n" + std::string(80, 'x'));
  }

  void ask_and_not_read(int requests) override {
    clients_.emplace_back(server_->port());
    clients_.back().socket().send(repeated(test::resp_array({"GET", "big"}), requests));
  }

  bool alive() override {
    try {
      return test::RespClient{server_->port()}.command({"PING"}) == test::simple("PONG");
    } catch (const std::exception&) {
      return false;
    }
  }

  std::size_t peak_bytes() override { return peak_of(server_->process().pid()); }

  int answered_after_half_close(int requests, const std::string& key) override {
    test::RespClient client{server_->port()};
    client.socket().send(repeated(test::resp_array({"GET", key}), requests));
    client.socket().half_close();
    return count_answers(requests, [&] { (void)client.receive(); });
  }

 private:
  test::TempFolder folder_;
  std::unique_ptr<RedisServer> server_;
  std::vector<test::RespClient> clients_;
};

std::string half_close(Serve serve, const std::string& key) {
  constexpr int rounds = 10, requests = 1'000;
  const auto server = serve(0);
  std::vector<int> answered;
  answered.reserve(rounds);
  for (int i = 0; i < rounds; ++i)
    answered.push_back(server->answered_after_half_close(requests, key));
  const auto [fewest, most] = std::minmax_element(answered.begin(), answered.end());
  if (*fewest == *most) return fmt::format("{} answered", *fewest);
  return fmt::format("**{} to {} answered**", *fewest, *most);
}

}  // namespace

std::unique_ptr<Served> serve_stage_5(std::size_t address_space) {
  return std::make_unique<ServedStage5>(address_space);
}

std::unique_ptr<Served> serve_redis(std::size_t address_space) {
  return std::make_unique<ServedRedis>(address_space);
}

std::string huge_lengths(Serve serve) {
  constexpr int clients = 50;
  const auto server = serve(2048 * mib);
  const auto before = server->peak_bytes();
  for (int i = 1; i <= clients; ++i) {
    try {
      server->announce_much();
    } catch (const std::exception&) {  // it has closed
    }
    if (!server->alive()) return fmt::format("**dead** after {} connections", i);
  }
  return fmt::format("alive after {}, +{} MiB", clients, (server->peak_bytes() - before) / mib);
}

std::string reader_that_never_reads(Serve serve) {
  const auto server = serve(0);
  const auto before = server->peak_bytes();
  server->ask_and_not_read(600);
  // What the server wants to do for that client it does between these.
  for (int i = 0; i < 500; ++i) {
    if (!server->alive()) return "**dead**";
  }
  return fmt::format("+{} MiB", (server->peak_bytes() - before) / mib);
}

std::string half_close_of_small(Serve serve) { return half_close(serve, "small"); }
std::string half_close_of_large(Serve serve) { return half_close(serve, "large"); }

}  // namespace kv::peers
