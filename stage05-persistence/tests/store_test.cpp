// What a start makes of a folder, and how a store ends.

#include "disk/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fatal_error.hpp"
#include "disk/recovery.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;
using Kind = SimulatedFolder::Kind;

class StoreTest : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : folder_.files()) names.push_back(name);
    return names;
  }

  CapturedLog captured_;
  SimulatedFolder folder_;
};

TEST_F(StoreTest, BeginsWithALogAndAnEmptySnapshot) {
  std::vector<std::pair<Kind, std::string>> operations;
  folder_.set_hook([&](const auto& operation) {
    operations.emplace_back(operation.kind, operation.name);
    return false;
  });
  OpenStore store{folder_};
  EXPECT_THAT(operations,
              ElementsAre(Pair(Kind::create, "log-1.tmp"), Pair(Kind::write, "log-1.tmp"),
                          Pair(Kind::sync_file, "log-1.tmp"), Pair(Kind::rename, "log-1"),
                          Pair(Kind::sync_folder, ""), Pair(Kind::create, "snapshot.tmp"),
                          Pair(Kind::write, "snapshot.tmp"), Pair(Kind::write, "snapshot.tmp"),
                          Pair(Kind::sync_file, "snapshot.tmp"), Pair(Kind::rename, "snapshot"),
                          Pair(Kind::sync_folder, "")));
}

TEST_F(StoreTest, HasAfterAStartWhatItHadBefore) {
  {
    OpenStore store{folder_};
    store.set_durably("a", "1");
    store.set_durably("b", "2");
    ASSERT_TRUE(store.memtable().del("t", "a"));
    ASSERT_TRUE(store.store().close());
  }
  for (int start = 0; start < 3; ++start) {
    OpenStore store{folder_.after_power_loss(1)};
    EXPECT_THAT(store.contents(), ElementsAre(Pair("t", ElementsAre(Pair("b", "0:2")))));
    EXPECT_EQ(store.wal().last_lsn(), 3u);
  }
}

TEST_F(StoreTest, TakesACommandWholeOrNotAtAll) {
  {
    OpenStore store{folder_};
    store.set_durably("a", "1");
    ASSERT_TRUE(store.memtable().set_many("t", {{"a", "2"}, {"b", "3"}, {"c", "4"}}));
    ASSERT_TRUE(store.wal().make_durable(2));
  }
  const auto bytes = folder_.bytes("log-1");
  const auto log = read_log(bytes, log_magic);
  for (auto end = log->groups.back().offset; end < bytes.size(); ++end) {
    auto folder = folder_.after_kill();
    folder.put("log-1", bytes.substr(0, end));
    EXPECT_THAT(look(folder), ElementsAre(Pair("t", ElementsAre(Pair("a", "0:1")))));
  }
}

TEST_F(StoreTest, KeepsATornEndBesideTheLog) {
  { OpenStore{folder_}.set_durably("a", "1"); }
  const auto bytes = folder_.bytes("log-1");
  folder_.put("log-1", bytes + "torn");
  EXPECT_THAT(recover(folder_), ElementsAre(Pair("t", ElementsAre(Pair("a", "0:1")))));
  const auto name = "log-1.torn-" + std::to_string(bytes.size());
  EXPECT_EQ(folder_.after_power_loss(1).bytes(name), "torn");
  EXPECT_THAT(captured_.text(), HasSubstr("4 bytes, kept in " + name));
  EXPECT_EQ(recover(folder_).size(), 1u) << "a start leaves it alone";
}

TEST_F(StoreTest, CutsATornEndOffOnlyWhereThatIsKeptUnderItsName) {
  { OpenStore{folder_}.set_durably("a", "1"); }
  const auto bytes = folder_.bytes("log-1");
  const auto name = "log-1.torn-" + std::to_string(bytes.size());
  folder_.put("log-1", bytes + "torn");
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) {
    for (std::uint32_t seed = 0; operation.kind == Kind::sync_folder && seed < 50; ++seed) {
      const auto left = folder_.after_power_loss(seed).files();
      if (left.at("log-1") != bytes + "torn") {
        EXPECT_THAT(left, Contains(Pair(name, "torn")));
      }
    }
    return false;
  });
  OpenStore{folder_};
  folder_.set_hook(nullptr);
}

TEST_F(StoreTest, TakesNoFileForALogThatWouldBeginBeforeTheFirstLsn) {
  { OpenStore{folder_}.set_durably("a", "1"); }
  folder_.erase("snapshot");  // as where the first start was interrupted
  folder_.put("log-0", "x");
  EXPECT_EQ(recover(folder_)["t"].size(), 1u);
  EXPECT_THAT(names(), ElementsAre("log-0", "log-1", "snapshot"));
}

TEST_F(StoreTest, GoesOnInAnotherFileWithAnotherId) {
  { OpenStore{folder_}.set_durably("a", "1"); }
  const auto before = read_log(folder_.bytes("log-1"), log_magic);
  { OpenStore{folder_}; }
  const auto after = read_log(folder_.bytes("log-1"), log_magic);
  EXPECT_NE(after->header.id, before->header.id);
  EXPECT_EQ(after->groups.back().header.records_bytes, 0u) << "all before it is durable";
  EXPECT_EQ(after->groups.back().offset, before->end_offset);
}

TEST_F(StoreTest, RemovesWhatACrashLeftHalfWrittenAndNothingElse) {
  { OpenStore{folder_}; }
  for (const char* name : {"log-9.tmp", "snapshot.tmp", "notes.tmp", "log-1.old", "log-1.torn-3"})
    folder_.put(name, "x");
  { OpenStore{folder_}; }
  EXPECT_THAT(names(), ElementsAre("log-1", "log-1.old", "log-1.torn-3", "notes.tmp", "snapshot"));
}

TEST_F(StoreTest, GoesOnWhereAChangeOfLogsWasInterrupted) {
  OpenStore store{folder_};
  store.set_durably("a", "1");
  const auto open_end = folder_.bytes("log-1");
  ASSERT_TRUE(store.wal().begin_next_log());
  auto left = folder_.after_kill();
  for (const auto& end : {open_end, open_end + "torn"}) {
    left.put("log-1", end);
    auto again = left.after_kill();
    { OpenStore{again}.set_durably("b", "2"); }
    EXPECT_EQ(recover(again.after_power_loss(1))["t"].size(), 2u);
  }
  store.set_durably("b", "2");
  left = folder_.after_kill();
  left.put("log-1", open_end);
  EXPECT_THAT(refusal(left), HasSubstr("log-2 should go on from here"))
      << "a group in the next one: then it had said so";
}

TEST_F(StoreTest, WritesTheSnapshotAnewBeforeItRemovesLogsBehindIt) {
  OpenStore store{folder_};
  store.set_durably("a", "1");
  const auto log = folder_.bytes("log-1");
  ASSERT_TRUE(write_snapshot(folder_, store.memtable(), store.wal()));
  auto left = folder_.after_kill();
  left.put("log-1", log);
  const auto before = read_log(left.bytes("snapshot"), snapshot_magic);
  EXPECT_EQ(recover(left)["t"].size(), 1u);
  EXPECT_FALSE(left.files().contains("log-1"));
  EXPECT_NE(read_log(left.bytes("snapshot"), snapshot_magic)->header.id, before->header.id);
}

TEST_F(StoreTest, WithALogThatEndsBelowTheNewestRowOfTheSnapshotIsRefused) {
  OpenStore store{folder_};
  store.set_durably("a", "1");
  Gate gate;
  folder_.set_hook(gate.hook(Kind::create, "snapshot"));
  std::thread writer{[&] { EXPECT_TRUE(write_snapshot(folder_, store.memtable(), store.wal())); }};
  gate.wait_for_somebody();
  ASSERT_TRUE(store.memtable().set("t", {"b", "2"}));
  gate.open();
  writer.join();
  EXPECT_EQ(look(folder_)["t"].size(), 2u);
  folder_.put("log-2", folder_.bytes("log-2").substr(0, sizeof(FileHeader)));
  EXPECT_THAT(refusal(folder_),
              HasSubstr("log-2: it ends at LSN 1, and the snapshot has changes up to LSN 2"));
}

TEST_F(StoreTest, WritesASnapshotWhenTheLogHasGrown) {
  OpenStore store{folder_, 500};
  RandomCommands random{random_seed()};
  write_until_a_snapshot(folder_, store, random);
  ASSERT_TRUE(store.store().close());
  EXPECT_EQ(recover(folder_), store.contents());
}

TEST_F(StoreTest, WritesNoSnapshotAfterASnapshotWithoutAChange) {
  OpenStore store{folder_, 1};
  store.set_durably("a", "1");
  while (folder_.files().contains("log-1")) std::this_thread::yield();
  ASSERT_TRUE(store.store().close());
  EXPECT_TRUE(folder_.files().contains("log-2"));
  OpenStore again{folder_, 1};
  ASSERT_TRUE(again.store().close());
  EXPECT_TRUE(folder_.files().contains("log-2"));
}

TEST_F(StoreTest, TellsInfoItsLsnsAndTheAgeOfTheSnapshot) {
  OpenStore store{folder_};
  store.set_durably("a", "1");
  ASSERT_TRUE(store.memtable().set("t", {"b", "2"}));
  const auto info = store.store().info();
  EXPECT_THAT(info, AllOf(Contains(Entry{"last_lsn", std::int64_t{2}}),
                          Contains(Entry{"durable_lsn", std::int64_t{1}})));
  ASSERT_EQ(info.back().key, "snapshot_age");
  EXPECT_LT(std::get<std::int64_t>(*info.back().value), 60);
}

TEST_F(StoreTest, RefusesTheFolderOfAnotherStage) {
  for (const char* name : {"MANIFEST", "wal-00000000000000000001.log", "snapshot-7.kv"}) {
    SimulatedFolder folder;
    folder.put(name, "x");
    try {
      OpenStore{folder};
      ADD_FAILURE() << name;
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
      EXPECT_THAT(error.what(), AllOf(HasSubstr("another stage"), HasSubstr(name)));
    }
    EXPECT_THAT(folder.files(), ElementsAre(Key(name))) << "and leaves it alone";
  }
}

}  // namespace
}  // namespace kv::test
