// Exercise 2: a backup, while the server serves.

#include "disk/backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>

#include "base/fatal_error.hpp"
#include "disk/snapshot.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using Kind = SimulatedFolder::Kind;

/// The folder of a server, as somebody reads it: just before some of his reads and listings things
/// happen in it.
class Busy : public Folder {
 public:
  explicit Busy(const SimulatedFolder& folder) : folder_{folder} {}

  void before_read(std::size_t number, std::function<void()> what) { what_[number] = what; }

  Result<std::string> read(const std::string& name) const override {
    happen();
    return folder_.read(name);
  }
  Result<std::vector<std::string>> list() const override {
    happen();
    return folder_.list();
  }

  Result<std::unique_ptr<File>> create(const std::string& name) override { return refused(name); }
  Result<void> rename(const std::string& name, const std::string&) override {
    return refused(name);
  }
  Result<void> remove(const std::string& name) override { return refused(name); }
  Result<void> sync() override { return refused("the folder"); }
  std::string path() const override { return "busy"; }

 private:
  void happen() const {
    const auto what = what_.find(++reads_);
    if (what != what_.end()) what->second();
  }
  static Error refused(const std::string& name) {
    ADD_FAILURE() << "a backup has changed " << name << " in the folder that it copies";
    return {Status::storage_failed, "refused"};
  }

  SimulatedFolder folder_;
  std::map<std::size_t, std::function<void()>> what_;
  mutable std::size_t reads_ = 0;
};

class Backup : public testing::Test {
 protected:
  static constexpr std::size_t reads_max = 12;  // before which something happens

  /// A server that has LSN 1 to 6, the first three in a snapshot.
  struct Server {
    SimulatedFolder folder;
    OpenStore store{folder};
    std::map<Lsn, Contents> states{{0, {}}};

    Server() {
      set(3);
      snapshot();
      set(3);
    }
    void set(int times = 1) {
      for (; times > 0; --times) {
        store.set_durably("k" + std::to_string(store.wal().last_lsn() % 4),
                          "value " + std::to_string(store.wal().last_lsn()));
        states[store.wal().last_lsn()] = store.contents();
      }
    }
    void snapshot() { ASSERT_TRUE(write_snapshot(folder, store.memtable(), store.wal())); }
    void next_log() { ASSERT_TRUE(store.wal().begin_next_log()); }
  };

  void expect_backup(const Server& server, const Folder& from, Lsn lsn_min) {
    SimulatedFolder backup;
    const auto lsn = back_up(from, backup);
    ASSERT_TRUE(lsn) << lsn.error().message;
    EXPECT_GE(*lsn, lsn_min);
    try {
      EXPECT_EQ(recover(backup.after_power_loss(seed_)), server.states.at(*lsn));
    } catch (const FatalError& error) {
      ADD_FAILURE() << "the backup cannot be started: " << error.what();
    }
  }

  /// In a run of its own before each read.
  void expect_backup_while(const std::function<void(Server&)>& something) {
    for (std::size_t number = 1; number <= reads_max && !HasFailure(); ++number) {
      SCOPED_TRACE("before read " + std::to_string(number));
      Server server;
      Busy busy{server.folder};
      busy.before_read(number, [&] { something(server); });
      expect_backup(server, busy, 6);
    }
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
};

TEST_F(Backup, HasAllThatTheFolderHas) {
  const Server server;
  expect_backup(server, server.folder, 6);
}

TEST_F(Backup, IsOnTheDiskWhenItIsDone) {
  const Server server;
  SimulatedFolder backup;
  ASSERT_TRUE(back_up(server.folder, backup));
  for (std::uint32_t seed = 0; seed < 100; ++seed)
    ASSERT_EQ(recover(backup.after_power_loss(seed)), server.states.at(6));
}

TEST_F(Backup, MayBeMadeWhileSomebodyWrites) {
  expect_backup_while([](Server& server) { server.set(); });
}

TEST_F(Backup, MayBeMadeWhileASnapshotIsWritten) {
  expect_backup_while([](Server& server) { server.snapshot(); });
}

TEST_F(Backup, MayBeMadeWhileTheLogGoesOnInANewFile) {
  expect_backup_while([](Server& server) { server.next_log(); });
}

TEST_F(Backup, MayBeMadeWhileManyThingsHappen) {
  expect_backup_while([](Server& server) {
    server.next_log();
    server.set(2);
    server.snapshot();
    server.set();
  });
}

/// The next log is there, and the one before has not said yet that it goes on.
TEST_F(Backup, MayBeMadeInTheMiddleOfAChangeOfLogs) {
  for (std::size_t begin = 1; begin < reads_max; ++begin) {
    for (std::size_t end = begin + 1; end <= reads_max && !HasFailure(); ++end) {
      SCOPED_TRACE("before read " + std::to_string(begin) + ", ended before " +
                   std::to_string(end));
      Server server;
      Gate gate;
      std::future<void> change;
      Busy busy{server.folder};
      busy.before_read(begin, [&] {
        server.folder.set_hook(gate.hook(Kind::write, "log-4"));
        change = std::async(std::launch::async, [&] { server.next_log(); });
        gate.wait_for_somebody();
      });
      busy.before_read(end, [&] {
        gate.open();
        change.get();
        server.set();
      });
      expect_backup(server, busy, 6);
      if (change.valid()) {
        gate.open();
        change.get();
      }
    }
  }
}

TEST_F(Backup, MayBeMadeInTheMiddleOfAWrite) {
  Server server;
  const auto bytes = server.folder.bytes("log-4");
  auto folder = server.folder.after_kill();
  folder.put("log-4", bytes + std::string(30, 'x'));
  expect_backup(server, folder, 6);
}

TEST_F(Backup, IsNoneWhereTheFolderCannotBeRead) {
  Server server;
  for (std::size_t number = 1; number < reads_max; ++number) {
    auto folder = server.folder.after_kill();
    folder.fail_read(number, true);
    SimulatedFolder backup;
    if (const auto lsn = back_up(folder, backup)) {
      EXPECT_LT(folder.reads(), number) << "the error was not seen";
      EXPECT_EQ(recover(backup), server.states.at(*lsn));
    }
  }
}

TEST_F(Backup, IsNoneWhereItCannotBeWritten) {
  Server server;
  SimulatedFolder whole;
  ASSERT_TRUE(back_up(server.folder, whole));
  for (std::size_t number = 1; number <= whole.operations(); ++number) {
    SimulatedFolder backup;
    backup.set_hook(fail_at(number));
    EXPECT_FALSE(back_up(server.folder, backup)) << "operation " << number << " has failed";
  }
}

TEST_F(Backup, IsNoneOfAFolderThatIsDamaged) {
  Server server;
  for (const char* name : {"log-4", "snapshot"}) {
    auto folder = server.folder.after_kill();
    auto bytes = folder.bytes(name);
    bytes[sizeof(FileHeader) + 3] = static_cast<char>(bytes[sizeof(FileHeader) + 3] ^ 1);
    folder.put(name, bytes);
    SimulatedFolder backup;
    EXPECT_FALSE(back_up(folder, backup)) << name;
  }
}

}  // namespace
}  // namespace kv::test
