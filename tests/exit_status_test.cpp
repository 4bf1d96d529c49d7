// How a server of stage 6 or 7 ends when its disk fails it, and what it takes to start again: exit
// status 70 after a failed sync or without its folder, 65 over damaged data, 0 on a second signal
// while a sync stalls.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int keys = 20;

std::string key(int number) { return "key " + std::to_string(number); }
std::string value(int number) { return "value " + std::to_string(number) + " of the log"; }

class ExitStatus : public testing::Test {
 protected:
  std::vector<std::string> flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--data-dir", data_.string(), "--log-level", "error"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  /// One record each.
  static void write_keys(FrameClient& client) {
    for (int i = 0; i < keys; ++i)
      ASSERT_TRUE(client.answers(wire::hset("t", key(i), value(i)), wire::ok({std::nullopt})));
  }

  /// The first `count` keys, and none that was written after them.
  static void expect_keys(const ServerProcess& server, int count) {
    FrameClient client{server.port()};
    for (int i = 0; i < keys; ++i) {
      const std::string hget = wire::hget("t", key(i));
      EXPECT_TRUE(i < count ? client.answers(hget, wire::ok({value(i)}))
                            : client.refuses(hget, 404))
          << key(i);
    }
  }

  static void expect_one_line(const std::string& text) {
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    EXPECT_THAT(text, testing::EndsWith("\n"));
  }

  const TempFolder folder_;
  const fs::path data_ = folder_.path() / "data";
};

class FailedSync : public ExitStatus {
 protected:
  void SetUp() override {
    const Finished tried = run({FAILING_SYNC, fault_.string(), "true"});
    if (tried.status != 0) GTEST_SKIP() << "no seccomp filter can be set here: " << tried.err;
  }

  ServerProcess::Options options(const std::string& policy) const {
    const bool is_default = policy == "always";  // of which stage 5 has no flag
    return {.flags = is_default ? flags() : flags({"--fsync", policy}),
            .before = {FAILING_SYNC, fault_.string()}};
  }

  void fail_next_sync() const { std::ofstream{fault_}.close(); }
  void fail_next_sync(int number) const { std::ofstream{fault_} << number; }

  void expect_the_end(ServerProcess& server) const {
    EXPECT_EQ(server.wait(), 70);
    expect_one_line(server.log());
    EXPECT_THAT(server.log(), HasSubstr("cannot sync wal-"));
    EXPECT_FALSE(fs::exists(fault_)) << "no sync has failed";
  }

  const fs::path fault_ = folder_.path() / "fail";
};

TEST_F(FailedSync, EndsTheServerAndAnswersNobodyWhoWaited) {
  ServerProcess server{options("always")};
  std::deque<FrameClient> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(server.port());
  write_keys(clients.front());
  fail_next_sync();
  // The first of these may be alone in its sync. A second sync would succeed: nobody may ask.
  for (auto& client : clients) {
    try {
      client.send_frame(wire::hset("t", "unanswered", "x"));
    } catch (const std::runtime_error&) {  // the server has ended already
    }
  }
  for (auto& client : clients) EXPECT_TRUE(client.closed_within(10s));
  expect_the_end(server);

  server.start_again();
  expect_keys(server, keys);
  EXPECT_TRUE(
      FrameClient{server.port()}.answers(wire::hset("t", "new", 1), wire::ok({std::nullopt})));
}

TEST_F(FailedSync, EndsTheServerAlsoWhenNobodyWaitsForIt) {
  ServerProcess server{options("everysec")};
  fail_next_sync();  // which is a second away
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hset("t", key(0), value(0)),
                                                 wire::ok({std::nullopt})));
  expect_the_end(server);
  server.start_again();
  expect_keys(server, 1);
}

TEST_F(FailedSync, OfAnOrderlyStopEndsItWithStatus70) {
  ServerProcess server{options("always")};
  {
    FrameClient client{server.port()};
    write_keys(client);
  }
  fail_next_sync();
  server.terminate();
  expect_the_end(server);
  server.start_again();
  expect_keys(server, keys);
}

TEST_F(FailedSync, OfAStartIsNoStart) {
  fail_next_sync();
  std::vector<std::string> words{FAILING_SYNC, fault_.string(), server_program(), "--port", "0"};
  for (const auto& word : flags()) words.push_back(word);
  const Finished failed = run(words);
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.out, "");
  expect_one_line(failed.err);
  EXPECT_THAT(failed.err, HasSubstr("cannot sync"));
  expect_keys(ServerProcess{flags()}, 0);
}

TEST_F(FailedSync, ThatWasOnlyInterruptedIsMadeAgain) {
  fail_next_sync(EINTR);  // of the start
  ServerProcess server{options("always")};
  FrameClient client{server.port()};
  for (int i = 0; i < 3; ++i) {
    fail_next_sync(EINTR);
    ASSERT_TRUE(client.answers(wire::hset("t", key(i), value(i)), wire::ok({std::nullopt})));
    ASSERT_FALSE(fs::exists(fault_)) << "no sync was interrupted";
  }
  server.kill_9();
  server.start_again();
  expect_keys(server, 3);
}

class FailedLock : public FailedSync {
 protected:
  /// A start whose next flock fails so.
  Finished start(int number) const {
    std::ofstream{fault_.string() + ".flock"} << number;
    return run({FAILING_SYNC, fault_.string(), server_program(), "--port", "0", "--data-dir",
                data_.string(), "--log-level", "error"});
  }
};

TEST_F(FailedLock, IsNamedAndNotTakenForAnotherProcess) {
  for (const int number : {ENOLCK, EBADF, EINVAL, EOPNOTSUPP, EIO}) {
    for (const bool inspect : {false, true}) {
      std::ofstream{fault_.string() + ".flock"} << number;
      if (inspect) fs::create_directory(data_);
      const Finished failed =
          inspect ? run({FAILING_SYNC, fault_.string(), inspect_program(), data_.string()})
                  : start(number);
      EXPECT_EQ(failed.status, 1);
      EXPECT_EQ(failed.out, "");
      expect_one_line(failed.err);
      EXPECT_THAT(failed.err, HasSubstr("cannot lock the data folder " + data_.string() + ": " +
                                        std::strerror(number)));
      EXPECT_THAT(failed.err, testing::Not(HasSubstr("in use")));
    }
  }
}

TEST_F(FailedLock, ThatIsHeldIsInUse) {
  const Finished failed = start(EWOULDBLOCK);
  EXPECT_EQ(failed.status, 1);
  expect_one_line(failed.err);
  EXPECT_THAT(failed.err, HasSubstr(data_.string() + " is in use by another process"));
}

TEST_F(FailedLock, ThatWasOnlyInterruptedIsTakenAgain) {
  std::ofstream{fault_.string() + ".flock"} << EINTR;
  const ServerProcess server{options("always")};
  EXPECT_FALSE(fs::exists(fault_.string() + ".flock")) << "no lock was interrupted";
  EXPECT_EQ(run({inspect_program(), data_.string()}).status, 1) << "and it is held";
}

class StalledSync : public FailedSync {
 protected:
  /// Returns when a sync waits, and will for ever.
  void stall(FrameClient& client) const {
    const std::string stall = fault_.string() + ".stall";
    std::ofstream{stall}.close();
    client.send_frame(wire::hset("t", "unanswered", "x"));
    const auto end = Clock::now() + 10s;
    while (fs::exists(stall) && Clock::now() < end) std::this_thread::yield();
    ASSERT_FALSE(fs::exists(stall)) << "nobody asks for a sync";
  }

  static void terminate_until_it_drains(ServerProcess& server) {
    server.terminate();
    const auto end = Clock::now() + 4s;
    try {
      while (Clock::now() < end) const FrameClient late{server.port()};
    } catch (const std::runtime_error&) {
      return;
    }
    FAIL() << "it still accepts";
  }
};

TEST_F(StalledSync, IsNotWaitedForAfterASecondSignal) {
  for (const bool alone : {true, false}) {  // its worker makes the sync, or the log's thread
    ServerProcess server{options("always")};
    FrameClient client{server.port()};
    write_keys(client);
    std::optional<FrameClient> other;
    if (!alone) {
      ASSERT_TRUE(other.emplace(server.port()).answers(wire::ping(), {200, "PONG"}));
    }
    stall(client);
    terminate_until_it_drains(server);
    const auto start = Clock::now();
    server.terminate();
    EXPECT_EQ(server.wait(4s), 0);
    EXPECT_LT(Clock::now() - start, 2s);
    EXPECT_TRUE(client.closed_within(1s)) << "without an answer";
    server.start_again();
    expect_keys(server, keys);
    server.kill_9();
    fs::remove_all(data_);
  }
}

/// What becomes of a server whose folder somebody takes away while it serves.
class LostFolder : public ExitStatus {
 protected:
  /// Starts a server, has a key written, does `loss`, and expects the end in time, and the reason.
  void expect_the_end(const std::function<void()>& loss, const std::string& reason) const {
    ServerProcess server{flags()};
    {
      FrameClient client{server.port()};
      write_keys(client);
    }
    loss();
    EXPECT_EQ(server.wait(in_time), 70);
    expect_one_line(server.log());
    EXPECT_THAT(server.log(), HasSubstr(reason));
  }

  fs::path segment() const {
    for (const auto& entry : fs::directory_iterator{data_}) {
      if (entry.path().extension() == ".log") return entry.path();
    }
    throw std::runtime_error{"no log in " + data_.string()};
  }

  static constexpr auto in_time = 5s;  // one second, on a machine that has others to serve, too
  const fs::path elsewhere_ = folder_.path() / "elsewhere";
  const std::string folder_words_ = "the data folder " + data_.string();
};

TEST_F(LostFolder, ThatWasRemovedEndsTheServer) {
  expect_the_end([&] { fs::remove_all(data_); }, "was removed");
}

TEST_F(LostFolder, ThatWasMovedAwayEndsTheServerAndKeepsItsData) {
  expect_the_end([&] { fs::rename(data_, elsewhere_); }, folder_words_ + " was moved away");
  fs::rename(elsewhere_, data_);
  expect_keys(ServerProcess{flags()}, keys);
}

TEST_F(LostFolder, ThatWasReplacedEndsTheServerAndLeavesTheOtherAlone) {
  const auto replace = [&] {
    fs::rename(data_, elsewhere_);
    fs::create_directory(data_);
  };
  expect_the_end(replace, folder_words_ + " was replaced");
  EXPECT_TRUE(fs::is_empty(data_));
  expect_keys(ServerProcess{{"--data-dir", elsewhere_.string()}}, keys);
}

TEST_F(LostFolder, WithoutTheSegmentThatIsWrittenEndsTheServer) {
  expect_the_end([&] { fs::remove(segment()); }, "was removed from the data folder");
  fs::remove_all(data_);
  expect_the_end([&] { fs::rename(segment(), elsewhere_); }, "was removed from the data folder");
  fs::remove_all(data_);
  const auto replace = [&] {
    const fs::path copy = folder_.path() / "copy";
    fs::copy_file(segment(), copy);
    fs::rename(copy, segment());
  };
  expect_the_end(replace, "was replaced in the data folder");
}

/// Of what a running server has in memory, its next segment and snapshot make a whole folder again.
TEST_F(LostFolder, WithoutItsManifestOrASnapshotIsNoReasonToEnd) {
  ServerProcess server{flags({"--snapshot-every", "4096"})};
  FrameClient client{server.port()};
  write_keys(client);
  const auto snapshots = [&] {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{data_}) {
      if (entry.path().extension() == ".kv") found.push_back(entry.path());
    }
    return found;
  };
  const auto write_until = [&](const auto& done) {
    const std::string large(2'000, 'x');
    for (const auto end = Clock::now() + 10s; !done() && Clock::now() < end;)
      ASSERT_EQ(client.ask(wire::hset("large", "k", large)).status, 200u);
  };
  const auto two_snapshots = [&] { return snapshots().size() >= 2; };
  write_until(two_snapshots);
  fs::remove(data_ / "MANIFEST");
  for (const auto& snapshot : snapshots()) fs::remove(snapshot);
  write_until([&, looked = Clock::now() + 1500ms] { return Clock::now() > looked; });
  EXPECT_TRUE(server.running()) << server.log();
  write_until(two_snapshots);
  server.terminate();
  EXPECT_EQ(server.wait(), 0);
  server.start_again();
  expect_keys(server, keys);
}

/// The folder of a server that was killed after so many records, with one byte of a file flipped.
class DamagedFolder : public ExitStatus {
 protected:
  void SetUp() override {
    ServerProcess server{flags()};
    FrameClient client{server.port()};
    write_keys(client);
    server.kill_9();
  }

  fs::path log() const {
    for (const auto& entry : fs::directory_iterator{data_}) {
      if (entry.path().extension() == ".log") return entry.path();
    }
    throw std::runtime_error{"no log in " + data_.string()};
  }

  static std::string read(const fs::path& name) {
    std::ifstream file{name, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  }

  static void flip(const fs::path& name, std::size_t offset) {
    const char flipped = static_cast<char>(read(name).at(offset) ^ 0x10);
    std::fstream file{name, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(static_cast<std::streamoff>(offset)).put(flipped);
  }

  /// Whether server and kv-inspect refuse the folder, in the same words. Answers the offset.
  std::size_t refused_for(const std::string& file) const {
    std::vector<std::string> words{server_program(), "--port", "0"};
    for (const auto& word : flags()) words.push_back(word);
    const Finished server = run(words), inspect = run({inspect_program(), data_.string()});
    EXPECT_EQ(server.status, 65);
    EXPECT_EQ(inspect.status, 65);
    EXPECT_EQ(server.out, "");
    expect_one_line(server.err);
    expect_one_line(inspect.err);
    const std::string damage = file + " is damaged at offset ";
    EXPECT_THAT(server.err, HasSubstr(damage));
    EXPECT_THAT(server.err, HasSubstr("--recover=truncate"));
    EXPECT_THAT(inspect.err, HasSubstr(server.err.substr(server.err.find(file))));
    const auto at = server.err.find(damage);
    return at == std::string::npos ? 0 : std::stoul(server.err.substr(at + damage.size()));
  }

  /// A start that may cut, then one that need not.
  void expect_recovered(int count) const {
    for (const bool truncate : {true, false}) {
      ServerProcess server{truncate ? flags({"--recover=truncate"}) : flags()};
      expect_keys(server, count);
      const std::string next = truncate ? "first" : "second";
      EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hset("after", next, 1),
                                                     wire::ok({std::nullopt})));
      server.kill_9();
    }
    EXPECT_EQ(run({inspect_program(), data_.string()}).status, 0);
  }
};

TEST_F(DamagedFolder, OfALogStartsOnlyWhenToldToAndWithTheExactBeginning) {
  constexpr int damaged = keys / 2;
  const fs::path file = log();
  const auto at = read(file).find(value(damaged));
  ASSERT_NE(at, std::string::npos);
  flip(file, at);
  const std::string bytes = read(file);

  const auto offset = refused_for(file.filename().string());
  EXPECT_GT(offset, bytes.find(value(damaged - 1)));
  EXPECT_LT(offset, at);
  EXPECT_TRUE(read(file) == bytes) << "who refuses changes nothing";

  expect_recovered(damaged);
  const std::string cut = read(file.string() + ".torn-" + std::to_string(offset));
  EXPECT_GT(cut.size(), bytes.find(value(keys - 1)) - offset);
  EXPECT_TRUE(cut == bytes.substr(offset, cut.size()));
}

TEST_F(DamagedFolder, OfAManifestHasAllDataWhenToldToStart) {
  const fs::path manifest = data_ / "MANIFEST";
  flip(manifest, fs::file_size(manifest) / 2);
  EXPECT_EQ(refused_for("MANIFEST"), 0u);
  expect_recovered(keys);
}

}  // namespace
}  // namespace kv::test
