// The data folder of stages 6 and 7: who may use it, what it keeps, and who may read it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
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

class DataFolder : public testing::Test {
 protected:
  std::vector<std::string> flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--data-dir", data_.string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Finished inspect(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{inspect_program(), data_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  static std::vector<wire::Pair> values_of_all_kinds() {
    return {{"string", "Grüße, 世界"},
            {"empty string", ""},
            {"binary", wire::Binary{{"\0\xff\n", 3}}},
            {"empty binary", wire::Binary{""}},
            {"integer", std::numeric_limits<std::int64_t>::min()},
            {"zero", 0},
            {"float", -0.0},
            {"not a number", std::numeric_limits<double>::quiet_NaN()},
            {"true", true},
            {"false", false},
            {"big", std::string(1 << 20, 'b')},
            {{"a\nkey\0of bytes", 14}, "x"}};
  }

  static void fill(FrameClient& client) {
    for (const auto& [key, value] : values_of_all_kinds()) {
      ASSERT_EQ(client.ask(wire::hset("t", key, "overwritten")).status, 200u);
      ASSERT_TRUE(client.answers(wire::hset("t", key, value), wire::ok({"overwritten"})));
    }
    ASSERT_EQ(client.ask(wire::hmset("gone", {{"a", 1}, {"b", 2}, {"c", 3}})).status, 200u);
    ASSERT_EQ(client.ask(wire::hdel("gone", "b")).status, 200u);
    ASSERT_EQ(client.ask(wire::hmdel("gone", {"c", "a"})).status, 200u);
  }

  static void expect_filled(FrameClient& client) {
    for (const auto& [key, value] : values_of_all_kinds()) {
      EXPECT_TRUE(client.answers(wire::hget("t", key), wire::ok({value}))) << key;
    }
    EXPECT_TRUE(client.answers(wire::hlen("t"),
                               wire::ok({static_cast<int>(values_of_all_kinds().size())})));
    EXPECT_TRUE(client.answers(wire::hgetall("gone"), wire::ok()));
  }

  /// The bytes of every file in the folder.
  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator{data_}) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file{entry.path(), std::ios::binary};
      files[entry.path()] = {std::istreambuf_iterator<char>{file},
                             std::istreambuf_iterator<char>{}};
    }
    return files;
  }

  TempFolder folder_;
  fs::path data_ = folder_.path() / "data";
};

/// What only stages 6 and 7 have: policies, a store that must exist, and more to tell.
class DataFolderKept : public DataFolder {};

TEST_F(DataFolder, ASecondServerIsRefusedAtOnceAndTheFirstGoesOn) {
  ServerProcess server{flags()};
  FrameClient client{server.port()};
  ASSERT_TRUE(client.answers(wire::hset("t", "k", 1), wire::ok({std::nullopt})));
  const auto start = std::chrono::steady_clock::now();
  const Finished second =
      run({server_program(), "--port", "0", "--data-dir", data_.string()}, {}, 10s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.out, "");
  EXPECT_EQ(std::ranges::count(second.err, '\n'), 1) << second.err;
  EXPECT_THAT(second.err, HasSubstr(data_.string()));
  EXPECT_TRUE(client.answers(wire::hset("t", "k", 2), wire::ok({1})));
  server.kill_9();
  server.start_again();  // a lock of a server that was killed is none
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hget("t", "k"), wire::ok({2})));
}

TEST_F(DataFolder, KeepsEveryKindOfValueAcrossStops) {
  ServerProcess server{flags()};
  {
    FrameClient client{server.port()};
    fill(client);
  }
  for (int i = 0; i < 3; ++i) {
    server.terminate();
    ASSERT_EQ(server.wait(), 0);
    server.start_again();
    FrameClient client{server.port()};
    expect_filled(client);
  }
}

TEST_F(DataFolderKept, KeepsEveryKindOfValueAcrossKills) {
  for (const char* policy : {"always", "everysec", "never"}) {
    data_ = folder_.path() / policy;
    ServerProcess server{flags({"--fsync", policy})};
    {
      FrameClient client{server.port()};
      fill(client);
    }
    for (int i = 0; i < 2; ++i) {
      server.kill_9();
      server.start_again();
      FrameClient client{server.port()};
      expect_filled(client);
    }
  }
}

TEST_F(DataFolder, KeepsWhatWasWrittenBetweenSnapshots) {
  ServerProcess server{flags({"--snapshot-every", "65536"})};
  FrameClient client{server.port()};
  std::vector<std::string> requests;
  for (int i = 0; i < 2'000; ++i) {
    requests.push_back(
        wire::hset("t", std::to_string(i % 300), std::to_string(i) + std::string(300, 'x')));
  }
  for (const auto& answer : client.ask_all(requests)) ASSERT_EQ(answer.status, 200u);
  for (const bool kill : {true, false}) {
    kill ? server.kill_9() : server.terminate();
    server.wait();
    server.start_again();
    FrameClient again{server.port()};
    for (int i = 1'700; i < 2'000; ++i) {
      const std::string value = std::to_string(i) + std::string(300, 'x');
      ASSERT_TRUE(again.answers(wire::hget("t", std::to_string(i % 300)), wire::ok({value})));
    }
    EXPECT_TRUE(again.answers(wire::hlen("t"), wire::ok({300})));
  }
}

TEST_F(DataFolder, InspectAgreesWithTheServerAndWritesNothing) {
  ServerProcess server{flags()};
  {
    FrameClient client{server.port()};
    fill(client);
  }
  const Finished in_use = inspect();
  EXPECT_EQ(in_use.status, 1) << in_use.err;
  EXPECT_THAT(in_use.err, HasSubstr(data_.string()));
  for (const bool kill : {true, false}) {
    kill ? server.kill_9() : server.terminate();
    server.wait();
    const auto before = content();
    EXPECT_EQ(inspect().status, 0) << inspect().err;
    const Finished records = inspect({"--records"});
    EXPECT_EQ(records.status, 0) << records.err;
    EXPECT_GT(records.out.size(), inspect().out.size());
    EXPECT_TRUE(content() == before) << "kv-inspect wrote to the folder";
    server.start_again();
    FrameClient client{server.port()};
    expect_filled(client);
  }
}

TEST_F(DataFolderKept, InfoTellsOfTheLogAndOfItsSnapshot) {
  ServerProcess server{flags({"--snapshot-every", "65536"})};
  FrameClient client{server.port()};
  const auto info = [&] {
    std::map<std::string, wire::MaybeValue> pairs;
    for (const auto& [name, value] : client.ask(wire::info()).pairs) pairs[name] = value;
    return pairs;
  };
  EXPECT_EQ(info()["last_lsn"], wire::Value{0});
  EXPECT_EQ(info()["durable_lsn"], wire::Value{0});
  EXPECT_FALSE(info().contains("snapshot_age")) << "there is none";
  EXPECT_EQ(info()["snapshots_failed"], wire::Value{0});
  EXPECT_GT(std::get<std::int64_t>(info()["log_bytes"]->held), 0);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(client.ask(wire::hset("t", "k", i)).status, 200u);
    ASSERT_EQ(client.ask(wire::hdel("t", "absent")).status, 200u) << "and changes nothing";
    EXPECT_EQ(info()["last_lsn"], wire::Value{i});
    EXPECT_EQ(info()["durable_lsn"], wire::Value{i});
  }
  ASSERT_EQ(client.ask(wire::hset("t", "big", std::string(100'000, 'b'))).status, 200u);
  ASSERT_TRUE(server.log_holds("snapshot-"));
  const auto age = std::get<std::int64_t>(info()["snapshot_age"]->held);
  EXPECT_GE(age, 0);
  EXPECT_LT(age, 60);
}

TEST_F(DataFolderKept, InspectSaysWhatAStartWouldAlsoWhereNobodyCanWrite) {
  ServerProcess server{flags()};
  server.terminate();
  ASSERT_EQ(server.wait(), 0);
  const auto looked = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && \"$@\"",
        data_.string()};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  if (looked({"true"}).status != 0) GTEST_SKIP() << "nothing can be mounted here";
  const Finished started = looked({server_program(), "--port", "0", "--data-dir", data_.string()});
  const Finished inspected = looked({inspect_program(), data_.string()});
  const std::string reason =
      "cannot write into the data folder " + data_.string() + ": Read-only file system\n";
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, testing::EndsWith(reason));
  EXPECT_EQ(inspected.status, 1);
  EXPECT_EQ(inspected.err, "kv-inspect: " + reason);
  EXPECT_THAT(inspected.out, HasSubstr("MANIFEST: ")) << "and it is shown all the same";
  EXPECT_EQ(inspect().status, 0) << "it has been the mount";
}

TEST_F(DataFolderKept, OfAStoreThatMustExistIsNotMadeNorBegun) {
  const auto start = [&] {
    return run({server_program(), "--port", "0", "--data-dir", data_.string(), "--require-store"});
  };
  const Finished missing = start();
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(std::ranges::count(missing.err, '\n'), 1) << missing.err;
  EXPECT_THAT(missing.err, HasSubstr(data_.string()));
  EXPECT_FALSE(fs::exists(data_));

  fs::create_directory(data_);
  fs::permissions(data_, fs::perms::owner_all);
  std::ofstream{data_ / "other"} << "text";
  const Finished empty = start();
  EXPECT_EQ(empty.status, 1);
  EXPECT_EQ(empty.out, "");
  EXPECT_EQ(std::ranges::count(empty.err, '\n'), 1) << empty.err;
  EXPECT_THAT(empty.err, HasSubstr("there is no store in " + data_.string()));
  EXPECT_EQ(content().size(), 1u) << "it has begun one";
}

TEST_F(DataFolderKept, OfAStoreThatMustExistIsTakenWhenItDoes) {
  ServerProcess server{flags()};
  EXPECT_TRUE(server.log_holds("a new store in " + data_.string()));
  ASSERT_EQ(FrameClient{server.port()}.ask(wire::hset("t", "k", 1)).status, 200u);
  server.kill_9();
  ServerProcess again{flags({"--require-store"})};
  EXPECT_TRUE(FrameClient{again.port()}.answers(wire::hget("t", "k"), wire::ok({1})));
}

TEST_F(DataFolderKept, OfANewStoreIsNotCalledEmptyWhenItIsNot) {
  fs::create_directory(data_);
  fs::create_directory(data_ / "lost+found");
  std::ofstream{data_ / "other"} << "text";
  const ServerProcess server{flags()};
  EXPECT_TRUE(
      server.log_holds("a new store in " + data_.string() + ", where 2 other files were already"));
}

TEST_F(DataFolder, InspectOfNoFolderIsAnError) {
  EXPECT_NE(inspect().status, 0);
  EXPECT_FALSE(fs::exists(data_)) << "kv-inspect made it";
  EXPECT_EQ(run({inspect_program()}).status, 2);
}

TEST_F(DataFolder, IsItsOwnersAlone) {
  // Whatever the umask: one that takes nothing away must not open the folder, either.
  ServerProcess server{
      ServerProcess::Options{.flags = flags({"--snapshot-every", "65536"}),
                             .before = {"sh", "-c", "umask 0; exec \"$0\" \"$@\""}}};
  FrameClient client{server.port()};
  fill(client);
  server.terminate();
  ASSERT_EQ(server.wait(), 0);
  EXPECT_EQ(fs::status(data_).permissions(), fs::perms::owner_all);
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator{data_}) {
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << entry.path();
    ++files;
  }
  EXPECT_GE(files, 2u) << "at least a manifest and a segment";
}

TEST_F(DataFolder, AWiderFolderIsUsedWithAWarning) {
  fs::create_directory(data_);
  fs::permissions(data_, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  ServerProcess server{flags()};
  EXPECT_TRUE(server.log_holds(data_.string()));
  EXPECT_TRUE(
      FrameClient{server.port()}.answers(wire::hset("t", "k", 1), wire::ok({std::nullopt})));
}

TEST_F(DataFolder, MemoryWritesNothingToDisk) {
  ServerProcess server{flags({"--store", "memory"})};
  {
    FrameClient client{server.port()};
    fill(client);
    expect_filled(client);
  }
  server.terminate();
  ASSERT_EQ(server.wait(), 0);
  EXPECT_FALSE(fs::exists(data_));
  server.start_again();
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({0})));
}

}  // namespace
}  // namespace kv::test
