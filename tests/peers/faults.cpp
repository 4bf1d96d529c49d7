#include "faults.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <random>
#include <stdexcept>
#include <thread>

#include "fixtures/frame_client.hpp"
#include "fixtures/resp_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "redis_server.hpp"

namespace kv::peers {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;
namespace wire = test::wire;

class FrameWriter : public Client {
 public:
  explicit FrameWriter(std::uint16_t port) : client_{port} {}
  bool set(const std::string& key, const std::string& value) override {
    return client_.ask(wire::hset("t", key, value)).status == 200;
  }
  bool has(const std::string& key) override {
    return client_.ask(wire::hget("t", key)).status == 200;
  }

 private:
  test::FrameClient client_;
};

class KeptStage5 : public Kept {
 public:
  explicit KeptStage5(test::ServerProcess::Options options) : server_{std::move(options)} {}
  std::unique_ptr<Client> connect() override {
    return std::make_unique<FrameWriter>(server_.port());
  }
  pid_t pid() override { return server_.pid(); }
  int exit_status() override { return server_.wait(); }

 private:
  test::ServerProcess server_;
};

class RespWriter : public Client {
 public:
  explicit RespWriter(std::uint16_t port) : client_{port} {}
  bool set(const std::string& key, const std::string& value) override {
    return client_.command({"SET", key, value}) == test::simple("OK");
  }
  bool has(const std::string& key) override {
    return client_.command({"EXISTS", key}) == test::integer(1);
  }

 private:
  test::RespClient client_;
};

class KeptRedis : public Kept {
 public:
  explicit KeptRedis(std::unique_ptr<RedisServer> server) : server_{std::move(server)} {
    if (!server_) throw std::runtime_error{"redis-server does not start"};
  }
  std::unique_ptr<Client> connect() override {
    return std::make_unique<RespWriter>(server_->port());
  }
  pid_t pid() override { return server_->process().pid(); }
  int exit_status() override { return server_->process().wait(); }

 private:
  std::unique_ptr<RedisServer> server_;
};

/// What a client knows: the keys that were acknowledged, each written once.
class Ledger {
 public:
  explicit Ledger(std::string name = "key") : name_{std::move(name)} {}

  /// False: refused. It throws when nobody answers.
  bool write(Client& client, const std::string& value) {
    const std::string key = fmt::format("{} {}", name_, ++tried_);
    if (!client.set(key, value)) return false;
    acknowledged_.push_back(key);
    return true;
  }

  std::size_t acknowledged() const { return acknowledged_.size(); }
  std::size_t lost(Client& client) const {
    return static_cast<std::size_t>(
        std::count_if(acknowledged_.begin(), acknowledged_.end(),
                      [&](const std::string& key) { return !client.has(key); }));
  }

 private:
  std::string name_;
  int tried_ = 0;
  std::vector<std::string> acknowledged_;
};

/// Eight clients write; the server is killed when so many writes are acknowledged.
void kill_while_writing(std::unique_ptr<Kept> server, std::vector<Ledger>& ledgers,
                        std::size_t writes) {
  std::atomic<std::size_t> acknowledged = 0;
  std::promise<void> enough;
  std::vector<std::jthread> threads;
  for (Ledger& ledger : ledgers) {
    threads.emplace_back([&, client = std::shared_ptr{server->connect()}] {
      try {
        while (ledger.write(*client, std::string(100, 'x'))) {
          if (++acknowledged == writes) enough.set_value();
        }
      } catch (const std::exception&) {  // it was killed
      }
    });
  }
  const bool done = enough.get_future().wait_for(60s) == std::future_status::ready;
  server.reset();
  if (!done) throw std::runtime_error{"a server takes too few writes"};
}

/// How it stands. One whose connections are closed may need a moment to end.
std::string standing(Kept& server) try {
  (void)server.connect()->has("key 1");
  return "alive";
} catch (const std::exception&) {
  return fmt::format("exit status {}", server.exit_status());
}

/// And what a start without the fault finds.
std::string outcome(Keep keep, const std::string& policy, const fs::path& folder,
                    std::unique_ptr<Kept> server, const Ledger& ledger) {
  const std::string stands = standing(*server);
  server.reset();
  const auto again = keep(folder, policy, {});
  const auto lost = ledger.lost(*again->connect());
  return fmt::format("{}; {} acknowledged in all, {} lost", stands, ledger.acknowledged(), lost);
}

/// Writes each millisecond for so long. Answers how many were acknowledged and refused.
std::string write_for(Clock::duration time, Client& client, Ledger& ledger) {
  int refused = 0;
  const auto before = ledger.acknowledged();
  try {
    for (const auto end = Clock::now() + time; Clock::now() < end; (void)::poll(nullptr, 0, 1))
      refused += ledger.write(client, "x") ? 0 : 1;
  } catch (const std::exception&) {  // it has ended
  }
  return fmt::format("{} acknowledged, {} refused", ledger.acknowledged() - before, refused);
}

void limit_files(pid_t pid, ::rlim_t bytes) {
  const ::rlimit limit{bytes, RLIM_INFINITY};
  if (::prlimit(pid, RLIMIT_FSIZE, &limit, nullptr) != 0)
    throw std::runtime_error{"a server's files cannot be limited"};
}

}  // namespace

std::unique_ptr<Kept> keep_stage_5(const fs::path& folder, const std::string& policy,
                                   const std::vector<std::string>& before) {
  return std::make_unique<KeptStage5>(test::ServerProcess::Options{
      .flags = {"--data-dir", folder.string(), "--fsync", policy}, .before = before});
}

std::unique_ptr<Kept> keep_redis(const fs::path& folder, const std::string& policy,
                                 const std::vector<std::string>& before) {
  return std::make_unique<KeptRedis>(
      RedisServer::start(folder, {"--appendonly", "yes", "--appendfsync", policy}, before));
}

std::string kills(Keep keep, const std::string& policy) {
  constexpr int rounds = 10, writers = 8;
  const test::TempFolder folder;
  std::mt19937 random{1};
  std::vector<Ledger> ledgers;
  for (int i = 0; i < writers; ++i) ledgers.emplace_back("writer " + std::to_string(i));
  for (int round = 0; round < rounds; ++round)
    kill_while_writing(keep(folder.path(), policy, {}), ledgers, 1 + random() % 2'000);
  std::size_t acknowledged = 0, lost = 0;
  const auto server = keep(folder.path(), policy, {});
  const auto client = server->connect();
  for (const Ledger& ledger : ledgers) {
    acknowledged += ledger.acknowledged();
    lost += ledger.lost(*client);
  }
  return fmt::format("{} acknowledged, {} lost", acknowledged, lost);
}

/// The kernel keeps the pages here, as the disk's own error need not: what is lost, the server
/// lost.
std::string failed_sync(Keep keep, const std::string& policy) {
  const test::TempFolder folder;
  const fs::path fault = folder.path() / "fail";
  auto server = keep(folder.path(), policy, {FAILING_SYNC, fault.string()});
  const auto client = server->connect();
  Ledger ledger;
  for (int i = 0; i < 20; ++i) (void)ledger.write(*client, "x");
  std::ofstream{fault}.close();
  try {
    while (fs::exists(fault)) (void)ledger.write(*client, "x");
  } catch (const std::exception&) {  // it has ended over it
  }
  (void)::poll(nullptr, 0, 10);  // the server hears of it an instant later
  const auto written = write_for(5s, *client, ledger);
  return "after it " + written + "; " +
         outcome(keep, policy, folder.path(), std::move(server), ledger);
}

/// Full for this process alone, as in full_disk_test.cpp. The signal would end most programs, and
/// no full disk sends it.
std::string full_disk(Keep keep, const std::string& policy) {
  const test::TempFolder folder;
  auto server = keep(folder.path(), policy, {"sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""});
  const auto client = server->connect();
  Ledger ledger;
  limit_files(server->pid(), 1024 * 1024 + 48);
  const std::string value(200'000, 'x');
  std::string text = "**no answer**";
  try {
    while (ledger.write(*client, value)) {
    }
    text = client->has("key 1") ? "an error, reads go on" : "an error, **no reads**";
    limit_files(server->pid(), RLIM_INFINITY);
    int refused = 0;
    for (; refused < 5'000 && !ledger.write(*client, value); ++refused) (void)::poll(nullptr, 0, 1);
    text += refused < 5'000 ? fmt::format(", with room writes again after {} more errors", refused)
                            : ", with room **no writes**";
  } catch (const std::exception&) {  // it has ended
  }
  return text + "; " + outcome(keep, policy, folder.path(), std::move(server), ledger);
}

}  // namespace kv::peers
