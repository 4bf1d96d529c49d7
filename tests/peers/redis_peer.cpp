// Redis with an append-only file (AOF) that is synced before each answer.

#include <poll.h>

#include <csignal>

#include "fixtures/resp_client.hpp"
#include "peer.hpp"
#include "redis_server.hpp"

namespace kv::peers {
namespace {

using test::Reply;

class RunningRedis : public Running {
 public:
  explicit RunningRedis(std::unique_ptr<RedisServer> server)
      : server_{std::move(server)}, client_{server_->port()} {}

  Contents contents() override {
    Contents contents;
    for (const auto& key : client_.command({"KEYS", "*"}).elements) {
      const auto value = client_.command({"GET", key.text});
      if (value.type == Reply::Type::error) throw Refused{value.text};
      contents[key.text] = value.text;
    }
    return contents;
  }

  void apply(const Change& change) override {
    const auto reply = change.value ? client_.command({"SET", change.key, *change.value})
                                    : client_.command({"DEL", change.key});
    if (reply.type == Reply::Type::error) throw Refused{reply.text};
  }

  void compact() override {
    (void)client_.command({"BGREWRITEAOF"});
    const auto says = [this](const char* text) {
      return client_.command({"INFO", "persistence"}).text.find(text) != std::string::npos;
    };
    while (says("aof_rewrite_in_progress:1") || says("aof_rewrite_scheduled:1"))
      (void)::poll(nullptr, 0, 1);
  }

  void die() override {
    server_->process().send_signal(SIGKILL);
    (void)server_->process().wait();
  }

 private:
  std::unique_ptr<RedisServer> server_;
  test::RespClient client_;
};

/// Reads "<mark><number>\r\n" at `at`, and moves past it.
std::size_t number_at(const std::string& log, std::size_t& at) {
  const auto end = log.find("\r\n", at);
  const auto number = std::stoul(log.substr(at + 1, end - at - 1));
  at = end + 2;
  return number;
}

class Redis : public Peer {
 public:
  explicit Redis(std::size_t step) : step_{step} {}

  std::string name() const override { return "Redis"; }

  std::unique_ptr<Running> start(const fs::path& folder) const override {
    auto server = RedisServer::start(folder, {"--appendonly", "yes", "--appendfsync", "always"});
    if (!server) throw Refused{"redis-server has ended"};
    return std::make_unique<RunningRedis>(std::move(server));
  }

  fs::path log(const fs::path& folder) const override { return last_file(folder, ".incr.aof"); }

  /// The commands as they were sent: arrays of strings. SELECT, the first one, changes nothing.
  std::vector<Record> records(const std::string& log) const override {
    std::vector<Record> records;
    for (std::size_t at = 0; at < log.size();) {
      const auto begin = at;
      for (auto words = number_at(log, at); words > 0; --words) {
        const auto bytes = number_at(log, at);
        at += bytes + 2;
      }
      if (log.substr(begin, at - begin).find("SELECT") == std::string::npos)
        records.push_back({begin, at});
    }
    return records;
  }

  std::size_t step() const override { return step_; }

 private:
  std::size_t step_;
};

}  // namespace

std::unique_ptr<Peer> redis(std::size_t step) { return std::make_unique<Redis>(step); }

}  // namespace kv::peers
