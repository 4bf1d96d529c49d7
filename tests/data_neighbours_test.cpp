// A data folder of stage 6 or 7 where something runs out, stops at a bad moment, or grows: a volume
// that is full, descriptors, restarts, overwriting, signals during a start. The neighbours of what
// strangers have broken.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Flags = std::vector<std::string>;

constexpr std::uint64_t mebibyte = 1024 * 1024;

bool comes_true(const std::function<bool()>& condition, std::chrono::seconds limit = 20s) {
  for (const auto end = Clock::now() + limit; !condition(); std::this_thread::yield()) {
    if (Clock::now() > end) return false;
  }
  return true;
}

std::string read_file(const fs::path& name) {
  std::ifstream file{name, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

class DataNeighbours : public testing::Test {
 protected:
  Flags flags(const Flags& more = {}) const {
    Flags all{"--data-dir", data_.string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Finished inspect() const { return run({inspect_program(), data_.string()}); }

  /// What the files hold; those that are not whole yet are left out.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator{data_}) {
      if (entry.path().extension() != ".tmp")
        all[entry.path().filename().string()] = read_file(entry.path());
    }
    return all;
  }

  /// Some may go while they are counted.
  std::uint64_t folder_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator{data_}) {
      std::error_code gone;
      const auto size = entry.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  std::vector<fs::path> named(const std::string& begin, const std::string& extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{data_}) {
      const auto& path = entry.path();
      if (path.filename().string().starts_with(begin) && path.extension() == extension)
        found.push_back(path);
    }
    std::ranges::sort(found);
    return found;
  }

  static void stop(ServerProcess& server, bool in_order) {
    if (!in_order) return server.kill_9();
    server.terminate();
    EXPECT_EQ(server.wait(), 0);
  }

  static std::string key(int number) { return "k" + std::to_string(number); }

  const TempFolder folder_;
  fs::path data_ = folder_.path() / "data";
};

// --- a volume that is full ---

/// The folder is on a volume of 12 MiB, of this process and its children alone.
class FullVolume : public DataNeighbours {
 protected:
  void SetUp() override {
    fs::create_directory(volume_);
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", volume_.c_str(), "tmpfs", 0, "size=12m") != 0)
      GTEST_SKIP() << "nothing can be mounted here";
    mounted_ = true;
    data_ = volume_ / "data";
  }

  void TearDown() override {
    if (mounted_) ::umount2(volume_.c_str(), MNT_DETACH);
  }

  void make_room() {
    ASSERT_EQ(::mount("tmpfs", volume_.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  }

  /// Not one byte is free after that.
  void use_it_up() const {
    std::ofstream file{volume_ / "other", std::ios::app | std::ios::binary};
    for (const std::size_t size : {65536u, 1u}) {
      const std::string bytes(size, 'x');
      while (file.write(bytes.data(), static_cast<std::streamsize>(size)).flush()) {
      }
      file.clear();
    }
    EXPECT_EQ(fs::space(volume_).available, 0u);
  }

  static std::string value(int number) {
    return std::string(200'000, 'x') + std::to_string(number);
  }

  void write_until_refused(FrameClient& client) {
    for (; written_ < 100; ++written_) {
      const auto answer = client.ask(wire::hset("t", key(written_), value(written_)));
      if (answer.status == 200) continue;
      EXPECT_EQ(answer.status, 507u) << answer.message;
      return;
    }
    ADD_FAILURE() << "nothing was refused";
  }

  void expect_all(FrameClient& client) const {
    EXPECT_TRUE(client.answers(wire::hlen("t"), wire::ok({written_})));
    for (int number = 0; number < written_; ++number)
      ASSERT_TRUE(client.answers(wire::hget("t", key(number)), wire::ok({value(number)})));
  }

  const fs::path volume_ = folder_.path() / "volume";
  bool mounted_ = false;
  int written_ = 0;  // keys
};

TEST_F(FullVolume, IsStartedFromReadFromAndGoesOnWhenThereIsRoom) {
  for (const bool in_order : {false, true}) {
    if (in_order) TearDown(), SetUp();
    written_ = 0;
    ServerProcess server{flags()};
    {
      FrameClient client{server.port()};
      write_until_refused(client);
    }
    for (int i = 0; i < 3; ++i) {
      stop(server, in_order);
      EXPECT_EQ(inspect().status, 0);
      server.start_again();
      FrameClient client{server.port()};
      expect_all(client);
      write_until_refused(client);  // a stop in order has given some room back
      EXPECT_EQ(fs::exists(data_ / "wal-next.tmp"), false);
    }
    make_room();
    {
      FrameClient client{server.port()};
      EXPECT_TRUE(client.answers(wire::hset("t", key(written_), value(written_)),
                                 wire::ok({std::nullopt})));
      ++written_;
    }
    stop(server, in_order);
    server.start_again();
    FrameClient client{server.port()};
    expect_all(client);
  }
}

TEST_F(FullVolume, WithoutAByteFreeIsServedAndDoesNotGrow) {
  ServerProcess server{flags()};
  {
    FrameClient client{server.port()};
    write_until_refused(client);
  }
  server.kill_9();
  use_it_up();
  const auto before = files();
  for (const bool read_only : {false, true}) {
    ServerProcess full{flags(read_only ? Flags{"--read-only"} : Flags{})};
    for (const bool in_order : {false, true, true}) {
      FrameClient client{full.port()};
      expect_all(client);
      EXPECT_TRUE(client.refuses(wire::hset("t", "new", 1), read_only ? 403 : 507));
      EXPECT_TRUE(client.refuses(wire::hdel("t", key(0)), read_only ? 403 : 507));
      EXPECT_THAT(full.log(), HasSubstr("writes are answered 507 until there is room"));
      stop(full, in_order);
      EXPECT_EQ(files(), before);
      full.start_again();
    }
  }
  EXPECT_EQ(inspect().status, 0);
  server.start_again();
  make_room();
  FrameClient client{server.port()};
  EXPECT_TRUE(
      client.answers(wire::hset("t", key(written_), value(written_)), wire::ok({std::nullopt})));
  ++written_;
  expect_all(client);
  stop(server, true);
  server.start_again();
  FrameClient again{server.port()};
  expect_all(again);
}

TEST_F(FullVolume, BeginsNoStoreAndKeepsNothingOfTheTry) {
  use_it_up();
  fs::remove(volume_ / "other");
  std::ofstream{volume_ / "other"} << std::string(11 * mebibyte + mebibyte / 2, 'x');
  for (int i = 0; i < 2; ++i) {
    const Finished failed = run({server_program(), "--port", "0", "--data-dir", data_.string()});
    EXPECT_EQ(failed.status, 1);
    EXPECT_THAT(failed.err, HasSubstr("No space left on device"));
    EXPECT_TRUE(fs::is_empty(data_));
  }
}

// --- descriptors that run out ---

class FewDescriptors : public DataNeighbours {
 protected:
  /// No more can be opened than are open: the numbers below three are taken.
  static void take_all(const ServerProcess& server) { limit(server, 3); }

  static void limit(const ServerProcess& server, rlim_t count) {
    ::rlimit descriptors{};
    ASSERT_EQ(::prlimit(server.pid(), RLIMIT_NOFILE, nullptr, &descriptors), 0);
    descriptors.rlim_cur = count;
    ASSERT_EQ(::prlimit(server.pid(), RLIMIT_NOFILE, &descriptors, nullptr), 0);
  }

  /// Values of 1 MB, until one is refused; into few keys.
  void write_until_refused(FrameClient& client) {
    for (const int end = written_ + 200; written_ < end; ++written_) {
      const auto answer = client.ask(wire::hset("t", key(written_ % 4), value(written_)));
      if (answer.status == 200) continue;
      EXPECT_THAT(answer.status, AnyOf(503u, 507u)) << answer.message;
      EXPECT_THAT(answer.message, HasSubstr("Too many open files"));
      return;
    }
    ADD_FAILURE() << "nothing was refused";
  }

  void expect_all(FrameClient& client) const {
    for (int number = std::max(0, written_ - 4); number < written_; ++number)
      EXPECT_TRUE(client.answers(wire::hget("t", key(number % 4)), wire::ok({value(number)})));
  }

  static std::string value(int number) {
    return std::string(1'000'000, 'v') + std::to_string(number);
  }

  int written_ = 0;
};

TEST_F(FewDescriptors, EndNothingAndWritesResumeWhenThereAreSome) {
  for (const std::string every : {"0", "3000000"}) {
    SCOPED_TRACE("--snapshot-every " + every);
    ServerProcess server{flags({"--snapshot-every", every})};
    FrameClient client{server.port()};
    ASSERT_EQ(client.ask(wire::hset("t", "first", 1)).status, 200u);
    for (int i = 0; i < 2; ++i) {
      take_all(server);
      write_until_refused(client);
      EXPECT_EQ(client.ask(wire::info()).status, 200u);
      expect_all(client);
      EXPECT_TRUE(server.running());
      limit(server, 1024);
      EXPECT_EQ(client.ask(wire::hset("t", key(written_ % 4), value(written_))).status, 200u);
      ++written_;
    }
    server.terminate();
    EXPECT_EQ(server.wait(), 0);
    EXPECT_EQ(inspect().status, 0);
    server.start_again();
    FrameClient again{server.port()};
    expect_all(again);
  }
}

TEST_F(FewDescriptors, StopInOrderAndTheNextStartHasAll) {
  // At its end LeakSanitizer would need a descriptor, which is not there.
  ServerProcess server{{.flags = flags({"--snapshot-every", "3000000"}),
                        .before = {"env", "ASAN_OPTIONS=detect_leaks=0"}}};
  {
    FrameClient client{server.port()};
    ASSERT_EQ(client.ask(wire::hset("t", "first", 1)).status, 200u);
    take_all(server);
    write_until_refused(client);
  }
  server.terminate();
  EXPECT_EQ(server.wait(), 0) << server.log();
  EXPECT_EQ(inspect().status, 0);
  server.start_again();
  FrameClient again{server.port()};
  expect_all(again);
}

// --- how large the folder gets ---

class FolderBound : public DataNeighbours {
 protected:
  static constexpr std::uint64_t segment_bytes = 32 * mebibyte;

  /// Overwrites 1,000 keys of 1 kB, so many times; answers the size of the folder at its largest.
  /// Forty at a time: TSan knows 64 locks at a time, and these are shards', and the log's.
  std::uint64_t overwrite(const Flags& more, int times) {
    const ServerProcess server{flags(more)};
    FrameClient client{server.port()};
    std::uint64_t most = 0;
    for (int i = 0; i < times; ++i) {
      std::vector<wire::Pair> pairs;
      for (int number = 0; number < 1000; ++number) {
        pairs.push_back({key(number), std::string(1000, static_cast<char>('a' + i % 26))});
        if (pairs.size() < 40) continue;
        EXPECT_EQ(client.ask(wire::hmset("t", pairs)).status, 200u);
        pairs.clear();
      }
      most = std::max(most, folder_bytes());
    }
    figure("folder_bytes_max", most);
    return most;
  }

  static constexpr std::uint64_t data = 1000 * 1020;
};

TEST_F(FolderBound, IsTwiceTheDataAndWhatSnapshotsAndSegmentsTake) {
  constexpr std::uint64_t every = 4 * mebibyte;
  EXPECT_LT(overwrite({"--snapshot-every", std::to_string(every)}, 160),
            2 * data + 3 * every + 2 * segment_bytes);
}

TEST_F(FolderBound, ManyCleanRestartsWithFewKeysStaySmall) {
  ServerProcess server{flags()};
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(FrameClient{server.port()}.ask(wire::hset("t", key(i), i)).status, 200u);
    stop(server, true);
    server.start_again();
  }
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({40})));
  stop(server, true);
  EXPECT_LT(folder_bytes(), mebibyte);
  figure("folder_bytes", folder_bytes());
}

TEST_F(FolderBound, ManyKillsWithFewKeysStaySmall) {
  ServerProcess server{flags()};
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(FrameClient{server.port()}.ask(wire::hset("t", key(i), i)).status, 200u);
    stop(server, false);
    server.start_again();
  }
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({40})));
  stop(server, true);
  EXPECT_LT(folder_bytes(), mebibyte);
}

/// 2 GB, with the default flags.
class FolderBoundLong : public FolderBound {};

TEST_F(FolderBoundLong, IsTwiceTheDataAnd192MiB) {
  EXPECT_LT(overwrite({}, 2000), 2 * data + 192 * mebibyte);
}

// --- starts that are told to end, and starts that others have been at ---

/// A start whose end is not known yet.
class Start {
 public:
  Start(const fs::path& folder, const fs::path& data)
      : out_{(folder / "out").string()},
        err_{(folder / "err").string()},
        process_{{server_program(), "--port", "0", "--data-dir", data.string()}, out_, err_} {}

  bool listens() const { return read_file(out_).find("listening on") != std::string::npos; }
  std::string err() const { return read_file(err_); }
  bool has_ended() { return !process_.running(); }
  Process& process() { return process_; }

  /// Whether a signal finds a handler: before that nothing of the program has run.
  bool handles_signals() const {
    std::ifstream status{"/proc/" + std::to_string(process_.pid()) + "/status"};
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigCgt:"))
        return (std::stoull(line.substr(7), nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
    }
    return false;
  }

  /// The exit status of one that does not start, or is told to end when it listens.
  int status() {
    EXPECT_TRUE(comes_true([&] { return has_ended() || listens(); }));
    process_.send_signal(SIGTERM);
    return process_.wait();
  }

 private:
  std::string out_, err_;
  Process process_;
};

class SignalledStart : public DataNeighbours {};

TEST_F(SignalledStart, EndsInOrderAtAnyMomentAndLosesNothing) {
  constexpr int keys = 50'000, tries = 30;
  std::mt19937 random{random_seed()};
  {
    ServerProcess server{flags()};
    FrameClient client{server.port()};
    std::vector<std::string> requests;
    for (int i = 0; i < keys; ++i) requests.push_back(wire::hset("t", key(i), i));
    for (const auto& answer : client.ask_all(requests)) ASSERT_EQ(answer.status, 200u);
    server.kill_9();
  }
  std::chrono::microseconds took{};
  {
    Start whole{folder_.path(), data_};
    const auto began = Clock::now();
    ASSERT_TRUE(comes_true([&] { return whole.listens(); }));
    took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    ASSERT_EQ(whole.status(), 0);
  }
  int before_listening = 0;
  for (int i = 0; i < tries && !HasFailure(); ++i) {
    const auto before = files();
    Start start{folder_.path(), data_};
    ASSERT_TRUE(comes_true([&] { return start.handles_signals(); }));
    const auto moment = [&] { return static_cast<int>(random() % 110); };
    std::this_thread::sleep_for(took * moment() * moment() / 10'000);  // rather an early one
    start.process().send_signal(i % 2 == 0 ? SIGTERM : SIGINT);
    EXPECT_EQ(start.process().wait(), 0) << start.err();
    EXPECT_NE(start.err(), "") << "a line tells why";
    if (!start.listens()) {
      ++before_listening;
      EXPECT_EQ(files(), before);
      EXPECT_THAT(start.err(), HasSubstr("ended by a signal"));
    }
    EXPECT_TRUE(named("", ".tmp").empty());
  }
  figure("before_listening", before_listening);
  EXPECT_EQ(inspect().status, 0);
  const ServerProcess server{flags()};
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({keys})));
}

class OddFolder : public DataNeighbours {};

/// What stands under a name of ours, and is no file.
TEST_F(OddFolder, IsTheSameToTheServerAndToInspect) {
  const std::string segment = "wal-00000000000000000001.log";
  const Flags names{"MANIFEST.tmp",
                    "snapshot.tmp",
                    "wal-next.tmp",
                    segment + ".tmp",
                    segment + ".torn-64.tmp",
                    segment + ".torn-64",
                    "wal-00000000000000000009.log",
                    "wal-00000000000000000000.log",
                    "wal-99999999999999999999.log",
                    "snapshot-00000000000000000001.kv",
                    "snapshot-00000000000000000000.kv",
                    "MANIFEST",
                    segment,
                    "lost+found"};
  const std::map<std::string, std::function<void(const fs::path&)>> kinds{
      {"a folder", [](const fs::path& path) { fs::create_directory(path); }},
      {"a link to nothing", [](const fs::path& path) { fs::create_symlink("nothing", path); }},
      {"a pipe", [](const fs::path& path) { ::mkfifo(path.c_str(), 0600); }},
      {"an empty file", [](const fs::path& path) { std::ofstream{path}.close(); }},
      {"a link to a file", [](const fs::path& path) { fs::create_symlink("MANIFEST", path); }}};
  {
    ServerProcess server{flags()};
    ASSERT_EQ(FrameClient{server.port()}.ask(wire::hset("t", "k", 1)).status, 200u);
    server.kill_9();
  }
  const auto whole = folder_.path() / "whole";
  fs::copy(data_, whole, fs::copy_options::recursive);
  for (const auto& name : names) {
    for (const auto& [kind, make] : kinds) {
      fs::remove_all(data_);
      fs::copy(whole, data_, fs::copy_options::recursive);
      fs::remove(data_ / name);
      make(data_ / name);
      const Finished inspected = inspect();
      Start start{folder_.path(), data_};
      EXPECT_EQ(start.status(), inspected.status)
          << name << " is " << kind << ": " << start.err() << "kv-inspect: " << inspected.err;
    }
  }
}

/// Files of one store, at different times or of copies of it, in one folder.
class PartsOfAStore : public DataNeighbours {
 protected:
  static std::string value(int number) { return "value " + std::to_string(1000 + number); }

  /// Keys with numbers from `begin` to before `end`, one after the other. The kill comes when there
  /// are so many snapshots; until then the last key is written again, since one that took long may
  /// have had the whole log in it.
  void write_up_to(int begin, int end, const Flags& more = {}, std::size_t snapshots = 0) const {
    ServerProcess server{flags(more)};
    FrameClient client{server.port()};
    const auto write = [&](int number) {
      return client.ask(wire::hset("t", key(number), value(number))).status;
    };
    for (int number = begin; number < end; ++number) ASSERT_EQ(write(number), 200u);
    ASSERT_TRUE(comes_true(
        [&] { return named("snapshot-", ".kv").size() >= snapshots || (write(end - 1), false); }));
    server.kill_9();
  }

  void expect_keys(int end, const Flags& more = {}) const {
    const ServerProcess server{flags(more)};
    FrameClient client{server.port()};
    EXPECT_TRUE(client.answers(wire::hlen("t"), wire::ok({end})));
    for (int number = 0; number < end; ++number)
      ASSERT_TRUE(client.answers(wire::hget("t", key(number)), wire::ok({value(number)})));
  }

  Finished start(const Flags& more = {}) const {
    Flags words{server_program(), "--port", "0"};
    for (const auto& word : flags(more)) words.push_back(word);
    return run(words);
  }
};

TEST_F(PartsOfAStore, DamageBeforeTheSnapshotCostsNothing) {
  write_up_to(0, 320, {"--snapshot-every", "8000"}, 2);
  const auto log = named("wal-", ".log").front();
  auto bytes = read_file(log);
  const auto record = bytes.find(value(48));
  ASSERT_NE(record, std::string::npos);
  bytes[record] = static_cast<char>(bytes[record] ^ 1);
  std::ofstream{log, std::ios::binary} << bytes;
  const auto whole = folder_.path() / "whole";
  fs::copy(data_, whole, fs::copy_options::recursive);
  for (const auto& more : {Flags{}, Flags{"--recover=truncate"}}) {
    fs::remove_all(data_);
    fs::copy(whole, data_, fs::copy_options::recursive);
    EXPECT_EQ(inspect().status, 0);
    EXPECT_THAT(inspect().out, HasSubstr("warning: " + log.filename().string()));
    expect_keys(320, more);
    expect_keys(320);
  }
}

TEST_F(PartsOfAStore, ARestoredSnapshotAndTheOldLogAreRefused) {
  write_up_to(0, 150, {"--snapshot-every", "5000"}, 1);
  const auto old = folder_.path() / "old";
  fs::rename(data_, old);
  fs::create_directory(data_);
  for (const auto& entry : fs::directory_iterator{old}) {
    if (entry.path().extension() == ".kv" && named("snapshot-", ".kv").empty())
      fs::copy(entry.path(), data_ / entry.path().filename());
  }
  write_up_to(500, 600, {"--recover=truncate", "--snapshot-every", "0"});
  const std::string segment = "wal-00000000000000000001.log";
  fs::copy(old / segment, data_ / segment);
  const auto before = files();
  const Finished refused = start(), inspected = inspect();
  EXPECT_EQ(refused.status, 65) << refused.err;
  EXPECT_EQ(inspected.status, 65);
  EXPECT_EQ(files(), before);
}

TEST_F(PartsOfAStore, TheManifestOfAnotherStoreIsRefusedAlsoByTruncate) {
  write_up_to(0, 10);
  const auto ours = folder_.path() / "ours";
  fs::rename(data_, ours);
  write_up_to(0, 10);
  fs::copy(ours / "MANIFEST", data_ / "MANIFEST", fs::copy_options::overwrite_existing);
  const auto before = files();
  for (const auto& more : {Flags{}, Flags{"--recover=truncate"}}) {
    const Finished refused = start(more);
    EXPECT_EQ(refused.status, 65) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("MANIFEST is of another store"));
    EXPECT_EQ(files(), before);
  }
}

class OlderSnapshot : public DataNeighbours {};

TEST_F(OlderSnapshot, ThatIsDamagedIsTakenOutAndTheLogThatItStoodForStays) {
  {
    ServerProcess server{flags({"--snapshot-every", "100000"})};
    FrameClient client{server.port()};
    int written = 0;
    const std::string value(20'000, 'v');
    ASSERT_TRUE(comes_true([&] {
      EXPECT_EQ(client.ask(wire::hset("t", key(written++ % 7), value)).status, 200u);
      return named("snapshot-", ".kv").size() == 2;
    }));
    server.kill_9();
  }
  const auto older = named("snapshot-", ".kv").front();
  const auto name = older.filename().string();
  auto bytes = read_file(older);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream{older, std::ios::binary} << bytes;
  const auto log = named("wal-", ".log");

  EXPECT_THAT(inspect().out, HasSubstr("warning: " + name));
  ServerProcess server{flags({"--snapshot-every", "0"})};
  EXPECT_TRUE(server.log_holds(name + ": damaged chunk"));
  EXPECT_TRUE(comes_true([&] { return fs::exists(older.string() + ".torn-0"); }));
  EXPECT_FALSE(fs::exists(older));
  for (const auto& segment : log) EXPECT_TRUE(fs::exists(segment)) << segment;
  EXPECT_TRUE(FrameClient{server.port()}.answers(wire::hlen("t"), wire::ok({7})));
}

}  // namespace
}  // namespace kv::test
