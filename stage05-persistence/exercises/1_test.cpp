// Exercise 1: the server counts its groups.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "disk/snapshot.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

class Groups : public testing::Test {
 protected:
  /// What INFO says of it; it expects that there is such a pair.
  static std::int64_t groups(OpenStore& store) {
    const auto info = store.store().info();
    const auto pair =
        std::ranges::find(info, "groups", [](const Entry& entry) { return entry.key; });
    EXPECT_NE(pair, info.end()) << "there is no pair 'groups'";
    return pair == info.end() ? -1 : std::get<std::int64_t>(*pair->value);
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
};

TEST_F(Groups, AreNoneAtFirst) {
  OpenStore store{folder_};
  EXPECT_EQ(groups(store), 0);
}

TEST_F(Groups, AreOneForEachChangeOfOneWhoIsAlone) {
  OpenStore store{folder_};
  for (const char* key : {"a", "b", "c"}) store.set_durably(key, "v");
  EXPECT_EQ(groups(store), 3);
}

TEST_F(Groups, AreOneForAllThatHasGathered) {
  OpenStore store{folder_};
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(store.memtable().set("t", {key, "v"}));
  EXPECT_EQ(groups(store), 0) << "nobody has asked for a flush";
  ASSERT_TRUE(store.wal().make_durable(3));
  EXPECT_EQ(groups(store), 1);
}

TEST_F(Groups, DoNotCountOneBeforeItIsOnTheDisk) {
  OpenStore store{folder_};
  Gate gate;
  folder_.set_hook(gate.hook(SimulatedFolder::Kind::sync_file, "log-"));
  ASSERT_TRUE(store.memtable().set("t", {"a", "v"}));
  store.wal().flush_soon();
  gate.wait_for_somebody();
  EXPECT_EQ(groups(store), 0);
  gate.open();
  ASSERT_TRUE(store.wal().make_durable(1));
  EXPECT_EQ(groups(store), 1);
}

TEST_F(Groups, DoNotCountOneThatHasFailed) {
  OpenStore store{folder_};
  store.set_durably("a", "v");
  folder_.set_hook(fail_next(SimulatedFolder::Kind::sync_file, "log-"));
  ASSERT_TRUE(store.memtable().set("t", {"b", "v"}));
  EXPECT_FALSE(store.wal().make_durable(2));
  EXPECT_EQ(groups(store), 1);
}

TEST_F(Groups, DoNotCountWhatIsWrittenAtAChangeOfLogs) {
  OpenStore store{folder_};
  store.set_durably("a", "v");
  ASSERT_TRUE(write_snapshot(folder_, store.memtable(), store.wal()));
  EXPECT_EQ(groups(store), 1);
}

TEST_F(Groups, AreCountedFromTheStartOn) {
  { OpenStore{folder_}.set_durably("a", "v"); }
  OpenStore again{folder_};
  EXPECT_EQ(groups(again), 0);
}

}  // namespace
}  // namespace kv::test
