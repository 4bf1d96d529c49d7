// A server of stage 6 or 7 without room on its disk. RLIMIT_FSIZE is a disk that is full for this
// process alone, and can be given room again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <optional>
#include <string>

#include "fixtures/frame_client.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

class DiskFull : public testing::Test {
 protected:
  static std::string value(int number) {
    return std::string(200'000, 'x') + std::to_string(number);
  }

  /// No file may be longer than a first segment is when the server starts.
  void fill_disk() { limit_files(1024 * 1024 + 48); }
  void make_room() { limit_files(RLIM_INFINITY); }

  /// Sets keys until one is refused. Answers how many were taken.
  int write_until_refused(FrameClient& client) {
    for (int number = 0; number < 100; ++number) {
      const auto answer = client.ask(wire::hset("t", "k" + std::to_string(number), value(number)));
      if (answer.status == 200) continue;
      EXPECT_EQ(answer.status, 507u) << answer.message;
      return number;
    }
    ADD_FAILURE() << "nothing was refused";
    return 0;
  }

  const TempFolder folder_;
  ServerProcess server_{{"--data-dir", (folder_.path() / "data").string()}};

 private:
  void limit_files(rlim_t bytes) {
    const ::rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(server_.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
};

TEST_F(DiskFull, RefusesWritesChangesNothingAndGoesOnWhenThereIsRoom) {
  FrameClient client{server_.port()}, watcher{server_.port()};
  fill_disk();
  const int taken = write_until_refused(client);
  EXPECT_GT(taken, 0);
  ASSERT_TRUE(watcher.answers(wire::watch("t"), wire::ok()));
  for (int number = 0; number < taken; ++number)
    EXPECT_TRUE(
        client.answers(wire::hget("t", "k" + std::to_string(number)), wire::ok({value(number)})));
  EXPECT_TRUE(client.refuses(wire::hget("t", "k" + std::to_string(taken)), 404));
  EXPECT_TRUE(client.refuses(wire::hset("t", "k0", value(1000)), 507));
  EXPECT_TRUE(client.refuses(wire::hmset("t", {{"k0", value(1001)}, {"new", value(1002)}}), 507));
  EXPECT_TRUE(client.answers(wire::hget("t", "k0"), wire::ok({value(0)})));
  EXPECT_TRUE(client.answers(wire::hexist("t", "new"), wire::ok({false})));
  make_room();
  EXPECT_TRUE(client.answers(wire::hset("t", "k0", value(1003)), wire::ok({value(0)})));
  EXPECT_TRUE(watcher.receives(wire::ok_pairs({{"k0", value(1003)}}))) << "and no event before it";
}

TEST_F(DiskFull, LosesNothingThatItAcknowledged) {
  int taken = 0;
  {
    FrameClient client{server_.port()};
    fill_disk();
    taken = write_until_refused(client);
  }
  server_.kill_9();
  server_.start_again();
  FrameClient client{server_.port()};
  EXPECT_TRUE(client.answers(wire::hlen("t"), wire::ok({taken})));
  for (int number = 0; number < taken; ++number)
    EXPECT_TRUE(
        client.answers(wire::hget("t", "k" + std::to_string(number)), wire::ok({value(number)})));
}

/// A backup: a snapshot of the serving store, copied, is a store elsewhere.
class Backup : public testing::Test {};

TEST_F(Backup, ASnapshotCopiedWhileServingStartsElsewhere) {
  namespace fs = std::filesystem;
  const TempFolder folder;
  const auto data = folder.path() / "data", restored = folder.path() / "restored";
  const ServerProcess server{{"--data-dir", data.string(), "--snapshot-every", "5000"}};
  FrameClient client{server.port()};
  int written = 0;
  const auto write_until = [&](const auto& done) {
    for (const int end = written + 100'000; !done() && written < end; ++written)
      ASSERT_EQ(client.ask(wire::hset("t", "k" + std::to_string(written), written)).status, 200u);
  };
  fs::path snapshot;
  write_until([&] {
    for (const auto& entry : fs::directory_iterator{data}) {
      if (entry.path().extension() == ".kv") snapshot = entry.path();
    }
    return !snapshot.empty();
  });
  fs::create_directory(restored);
  fs::copy_file(snapshot, restored / snapshot.filename());
  const int at_least = std::stoi(snapshot.stem().string().substr(9));
  write_until([&, end = written + 100] { return written >= end; });

  ServerProcess other{{"--data-dir", restored.string(), "--recover=truncate"}};
  FrameClient reader{other.port()};
  EXPECT_TRUE(reader.answers(wire::hlen("t"), wire::ok({at_least})));
  for (int number = 0; number < at_least; ++number)
    ASSERT_TRUE(reader.answers(wire::hget("t", "k" + std::to_string(number)), wire::ok({number})));
  EXPECT_TRUE(reader.answers(wire::hset("t", "after", true), wire::ok({std::nullopt})));
  other.kill_9();
  const ServerProcess again{{"--data-dir", restored.string()}};
  FrameClient last{again.port()};
  EXPECT_TRUE(last.answers(wire::hlen("t"), wire::ok({at_least + 1})));
}

}  // namespace
}  // namespace kv::test
