// The programs on a real folder: how a server ends, what its folder then is to the next one and to
// kv-inspect, and who may look into it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Programs : public testing::Test {
 protected:
  std::vector<std::string> flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--data-dir", data_.string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Finished start() const {
    return run(
        {server_program(), "--port", "0", "--log-level", "off", "--data-dir", data_.string()});
  }
  Finished inspect() const { return run({inspect_program(), data_.string()}); }

  static std::string key(int number) { return "k" + std::to_string(number); }

  static void write_keys(const ServerProcess& server, int count) {
    FrameClient client{server.port()};
    for (int i = 0; i < count; ++i)
      ASSERT_EQ(client.ask(wire::hset("t", key(i), std::string(1000, 'x'))).status, 200u);
  }

  static std::int64_t length(const ServerProcess& server) {
    FrameClient client{server.port()};
    return std::get<std::int64_t>(client.ask(wire::hlen("t")).values.at(0)->held);
  }

  void flip(const std::string& name, std::streamoff offset) const {
    std::fstream file{data_ / name, std::ios::in | std::ios::out | std::ios::binary};
    file.seekg(offset);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(offset);
    file.put(byte);
  }

  const TempFolder folder_;
  const fs::path data_ = folder_.path() / "data";
};

TEST_F(Programs, KeepTheFolderToTheirOwner) {
  const ::mode_t before = ::umask(0);
  ServerProcess server{flags()};
  ::umask(before);
  const auto mode = [](const fs::path& path) {
    return static_cast<unsigned>(fs::status(path).permissions());
  };
  EXPECT_EQ(mode(data_), 0700u);
  for (const auto& entry : fs::directory_iterator{data_}) EXPECT_EQ(mode(entry.path()), 0600u);
}

TEST_F(Programs, HaveAfterAnEndOfAnyKindWhatWasAcknowledged) {
  ServerProcess server{flags({"--snapshot-every", "20000"})};
  write_keys(server, 100);
  server.kill_9();
  EXPECT_EQ(inspect().status, 0);
  server.start_again();
  EXPECT_EQ(length(server), 100);
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  EXPECT_THAT(inspect().out, HasSubstr("a start would recover up to LSN 100\n"));
  server.start_again();
  EXPECT_EQ(length(server), 100);
}

TEST_F(Programs, AreRefusedWhereAServerIs) {
  ServerProcess server{flags()};
  for (const auto& refused : {start(), inspect()}) {
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("is in use by another process"));
    EXPECT_EQ(std::ranges::count(refused.err, '\n'), 1);
  }
}

/// RLIMIT_FSIZE is a disk that is full for this process alone.
TEST_F(Programs, EndWith70OnAFullDiskAndAcknowledgeNothingMore) {
  ServerProcess server{flags()};
  const ::rlimit limit{50'000, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  FrameClient client{server.port()}, other{server.port()};
  int acknowledged = 0;
  try {
    while (acknowledged < 1000) {
      const auto answer = client.ask(wire::hset("t", key(acknowledged), std::string(1000, 'x')));
      ASSERT_EQ(answer.status, 200u);
      ++acknowledged;
    }
  } catch (const std::runtime_error&) {  // closed, unanswered
  }
  EXPECT_EQ(server.wait(), 70);
  EXPECT_TRUE(other.closed_within(10s));
  EXPECT_THAT(server.log(), HasSubstr("critical cannot write log-1: File too large"));
  EXPECT_GT(acknowledged, 30);
  EXPECT_LT(acknowledged, 50);
  server.start_again();
  EXPECT_EQ(length(server), acknowledged);
}

TEST_F(Programs, SayWithStatus65WhichFileIsDamagedAndWhere) {
  {
    ServerProcess server{flags()};
    write_keys(server, 3);
    server.kill_9();
  }
  flip("log-1", 2000);  // of the second group
  for (const auto& refused : {start(), inspect()}) {
    EXPECT_EQ(refused.status, 65);
    EXPECT_THAT(refused.err, HasSubstr(": log-1: damaged at offset 1"));
    EXPECT_EQ(std::ranges::count(refused.err, '\n'), 1);
  }
  flip("log-1", 2000);
  EXPECT_EQ(inspect().status, 0);
  EXPECT_EQ(length(ServerProcess{flags()}), 3);
}

/// The limit of this stage: what was acknowledged last is gone, and the server starts.
TEST_F(Programs, TakeDamageToTheLastGroupForATornEnd) {
  {
    ServerProcess server{flags()};
    write_keys(server, 3);
    server.kill_9();
  }
  flip("log-1", static_cast<std::streamoff>(fs::file_size(data_ / "log-1")) - 1);
  EXPECT_EQ(inspect().status, 0);
  const ServerProcess server{flags()};
  EXPECT_EQ(length(server), 2);
  EXPECT_TRUE(server.log_holds("is damaged"));
}

TEST_F(Programs, SayThatAFileIsLargerThanTheMemory) {
  const auto inspect_with_little = [](const std::string& argument) {
    return run({"sh", "-c", R"(ulimit -v 200000; exec "$0" "$1")", inspect_program(), argument});
  };
  if (inspect_with_little("--version").status != 0) GTEST_SKIP() << "a sanitizer takes more";
  fs::create_directory(data_);
  std::ofstream{data_ / "log-1"};
  fs::resize_file(data_ / "log-1", 1024 * 1024 * 1024);  // nothing but a hole
  const auto refused = inspect_with_little(data_);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, StartsWith("kv-inspect: "));
  EXPECT_EQ(std::ranges::count(refused.err, '\n'), 1);
}

TEST_F(Programs, RefuseTheFolderOfAnotherStage) {
  fs::create_directory(data_);
  std::ofstream{data_ / "MANIFEST"} << "kvmf";
  for (const auto& refused : {start(), inspect()}) {
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("is the folder of another stage"));
    EXPECT_EQ(std::ranges::count(refused.err, '\n'), 1);
  }
}

TEST_F(Programs, KeepNothingWithTheMemoryStore) {
  const ServerProcess server{flags({"--store", "memory"})};
  write_keys(server, 1);
  EXPECT_FALSE(fs::exists(data_));
}

}  // namespace
}  // namespace kv::test
