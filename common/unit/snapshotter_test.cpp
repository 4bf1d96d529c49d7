// When a snapshot is written, and what is removed after it.

#include "disk/snapshotter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class SnapshotterTest : public testing::Test {
 protected:
  static constexpr std::size_t value_bytes = 1000;  // three records to a segment

  SnapshotterTest() { memtable_.observe({&log_.wal()}); }

  std::unique_ptr<Snapshotter> start(std::uint64_t every, std::uint64_t log_bytes = 0) {
    return std::make_unique<Snapshotter>(folder_, OpenLog::store_id, memtable_, log_.wal(), every,
                                         4711, log_bytes);
  }

  /// So many commands more, each on the disk.
  void append(int commands) {
    for (; commands > 0; --commands) {
      ASSERT_TRUE(memtable_.set("t", {"key", std::string(value_bytes, 'v')}));
      ASSERT_TRUE(log_.wal().make_durable(log_.wal().last_lsn()));
    }
  }
  static std::uint64_t bytes_of(std::size_t commands) {
    return commands * record_bytes("key", std::string(value_bytes, 'v'));
  }

  /// Has one snapshot written of what is there now, and what follows from it done.
  void write_snapshot_now() {
    Gate gate;
    folder_.set_hook(gate.hook(Kind::rename, "snapshot-"));
    const auto snapshotter = start(1);
    gate.wait_for_somebody();
    gate.open();
  }

  /// Has one try fail, and what follows from it done.
  void fail_a_try(Kind kind, const std::string& name, Status status) {
    std::latch failed{1};
    folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
      if (operation.kind != kind || !operation.name.starts_with(name) || failed.try_wait())
        return std::nullopt;
      failed.count_down();
      return status;
    });
    {
      const auto snapshotter = start(1);
      failed.wait();
    }
    folder_.set_hook(nullptr);
  }

  std::vector<Lsn> snapshots() const {
    std::vector<Lsn> lsns;
    for (const auto& [name, bytes] : folder_.files()) {
      if (const auto lsn = snapshot_lsn(name)) lsns.push_back(*lsn);
    }
    return lsns;
  }

  std::vector<Lsn> first_lsns() const {
    std::vector<Lsn> lsns;
    for (const auto& name : segments_in(folder_)) lsns.push_back(*segment_first_lsn(name));
    return lsns;
  }

  CapturedLog captured_;
  SimulatedFolder folder_;
  MemTable memtable_{any_answer()};
  OpenLog log_{folder_, {}};
};

// --- when ---

TEST_F(SnapshotterTest, WritesOneEachTimeTheLogHasGrown) {
  Gate first, second;
  folder_.set_hook(first.hook(Kind::rename, "snapshot-"));
  const auto snapshotter = start(bytes_of(3));
  append(3);
  first.wait_for_somebody();
  folder_.set_hook(second.hook(Kind::rename, "snapshot-"));
  first.open();
  append(3);
  second.wait_for_somebody();
  EXPECT_THAT(snapshots(), ElementsAre(3u));
  second.open();
}

TEST_F(SnapshotterTest, WritesNoneBeforeTheLogHasGrown) {
  {
    const auto snapshotter = start(bytes_of(3) + 1);
    append(3);
  }
  EXPECT_THAT(snapshots(), IsEmpty());
}

TEST_F(SnapshotterTest, CountsWhatTheLogHadAtTheStart) {
  Gate gate;
  folder_.set_hook(gate.hook(Kind::rename, "snapshot-"));
  const auto snapshotter = start(bytes_of(4), bytes_of(3));
  append(1);
  gate.wait_for_somebody();
  gate.open();
}

TEST_F(SnapshotterTest, WritesOneAtOnceWhenTheLogIsLongAtTheStart) {
  Gate gate;
  folder_.set_hook(gate.hook(Kind::rename, "snapshot-"));
  const auto snapshotter = start(bytes_of(3), bytes_of(3) + 1);
  gate.wait_for_somebody();
  gate.open();
}

TEST_F(SnapshotterTest, WritesNoneWhenToldSo) {
  {
    const auto snapshotter = start(0);
    append(10);
  }
  EXPECT_THAT(snapshots(), IsEmpty());
}

TEST_F(SnapshotterTest, TellsWhenTheNewestWasMade) {
  EXPECT_EQ(start(0)->newest_created(), 4711) << "the one that the start has found";
  append(1);
  write_snapshot_now();
  append(1);
  write_snapshot_now();
  append(1);
  Gate gate;  // the oldest one goes when the new one is there
  folder_.set_hook(gate.hook(Kind::remove, "snapshot-"));
  const auto snapshotter = start(1);
  gate.wait_for_somebody();
  const auto file = *folder_.open(snapshot_name(3));
  EXPECT_EQ(snapshotter->newest_created(), read_snapshot_header(*file)->created);
  EXPECT_GT(snapshotter->newest_created(), 4711);
  gate.open();
}

// --- what is removed ---

TEST_F(SnapshotterTest, KeepsTheNewestTwo) {
  for (int i = 0; i < 4; ++i) {
    append(1);
    write_snapshot_now();
  }
  EXPECT_THAT(snapshots(), ElementsAre(3u, 4u));
}

TEST_F(SnapshotterTest, KeepsTheWholeLogBesideASingleSnapshot) {
  append(8);
  write_snapshot_now();
  EXPECT_THAT(first_lsns(), ElementsAre(1u, 4u, 7u));
}

TEST_F(SnapshotterTest, RemovesASegmentThatEndsWithTheOlderSnapshot) {
  append(3);
  write_snapshot_now();
  append(5);
  ASSERT_THAT(first_lsns(), ElementsAre(1u, 4u, 7u));
  write_snapshot_now();
  EXPECT_THAT(first_lsns(), ElementsAre(4u, 7u)) << "the newer snapshot covers 4 to 6, too";
}

TEST_F(SnapshotterTest, KeepsASegmentThatHasOneRecordTheOlderSnapshotHasNot) {
  append(5);
  write_snapshot_now();
  append(5);
  write_snapshot_now();
  EXPECT_THAT(first_lsns(), ElementsAre(4u, 7u, 10u));
}

/// It names the new one a little later, and a crash may come before that.
TEST_F(SnapshotterTest, KeepsTheSegmentThatTheManifestNames) {
  const auto no_manifest = [](const Operation& operation) {
    const bool manifest = operation.name.starts_with("MANIFEST");
    return manifest ? std::optional{Status::no_space} : std::nullopt;
  };
  for (const int commands : {4, 1}) {
    folder_.set_hook(no_manifest);
    append(commands);
    Gate gate;
    folder_.set_hook([&, hold = gate.hook(Kind::rename, "snapshot-")](const Operation& operation) {
      return operation.name.starts_with("MANIFEST") ? no_manifest(operation) : hold(operation);
    });
    const auto snapshotter = start(1);
    gate.wait_for_somebody();
    gate.open();
  }
  EXPECT_THAT(snapshots(), ElementsAre(4u, 5u));
  EXPECT_THAT(first_lsns(), ElementsAre(1u, 4u));
}

// --- when it fails ---

TEST_F(SnapshotterTest, ATryThatFailsCostsNothing) {
  append(5);
  write_snapshot_now();
  append(5);
  for (const auto kind : {Kind::create, Kind::write, Kind::sync_file, Kind::rename}) {
    fail_a_try(kind, "snapshot", Status::no_space);
    EXPECT_THAT(snapshots(), ElementsAre(5u));
    EXPECT_THAT(first_lsns(), ElementsAre(1u, 4u, 7u, 10u));
    EXPECT_FALSE(folder_.files().contains(snapshot_temporary_name));
  }
  EXPECT_FALSE(log_.wal().failed());
  EXPECT_THAT(captured_.text(), HasSubstr("no snapshot: the simulated disk fails; the log keeps"));
  append(1);
  EXPECT_THAT(commands_in(folder_), SizeIs(11));
}

TEST_F(SnapshotterTest, ATryThatFindsNoMemoryCostsNothing) {
  append(1);
  std::latch failed{1};
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.name != snapshot_temporary_name || failed.try_wait()) return std::nullopt;
    failed.count_down();
    throw std::bad_alloc{};
  });
  {
    const auto snapshotter = start(1);
    failed.wait();
  }
  EXPECT_THAT(captured_.text(), HasSubstr("no snapshot: out of memory"));
  folder_.set_hook(nullptr);
  write_snapshot_now();
  EXPECT_THAT(snapshots(), ElementsAre(1u));
}

TEST_F(SnapshotterTest, WhatCannotBeRemovedForWantOfMemoryIsRemovedTheNextTime) {
  for (int i = 0; i < 2; ++i) {
    append(1);
    write_snapshot_now();
  }
  append(1);
  std::latch failed{1};
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.kind != Kind::remove || failed.try_wait()) return std::nullopt;
    failed.count_down();
    throw std::bad_alloc{};
  });
  {
    const auto snapshotter = start(1);
    failed.wait();
  }
  folder_.set_hook(nullptr);
  EXPECT_THAT(snapshots(), ElementsAre(1u, 2u, 3u));
  EXPECT_THAT(captured_.text(), HasSubstr("it stays until the next snapshot"));
  append(1);
  write_snapshot_now();
  EXPECT_THAT(snapshots(), ElementsAre(3u, 4u));
}

TEST_F(SnapshotterTest, OneThatIsBeingWrittenIsNotWaitedFor) {
  append(1);
  Gate gate;
  folder_.set_hook(gate.hook(Kind::write, "snapshot"));
  auto snapshotter = start(1);
  gate.wait_for_somebody();
  snapshotter->stop();
  gate.open();
  snapshotter.reset();
  EXPECT_THAT(snapshots(), IsEmpty());
  EXPECT_FALSE(folder_.files().contains(snapshot_temporary_name));
  EXPECT_THAT(captured_.text(), HasSubstr("[info] no snapshot: the server ends"));
}

TEST_F(SnapshotterTest, TriesAgainWhenTheLogHasGrownOn) {
  std::latch failed{1};
  Gate gate;
  folder_.set_hook([&, again = gate.hook(Kind::rename, "snapshot-")](const Operation& operation) {
    (void)again(operation);
    if (operation.kind != Kind::create || failed.try_wait()) return std::optional<Status>{};
    failed.count_down();
    return std::optional{Status::no_space};
  });
  const auto snapshotter = start(bytes_of(1));
  append(1);
  failed.wait();
  append(1);
  gate.wait_for_somebody();
  gate.open();
}

TEST_F(SnapshotterTest, ASegmentThatCannotBeRemovedIsRemovedTheNextTime) {
  append(5);
  write_snapshot_now();
  append(5);
  fail_a_try(Kind::remove, "wal-", Status::storage_failed);
  EXPECT_THAT(snapshots(), ElementsAre(5u, 10u));
  EXPECT_THAT(first_lsns(), ElementsAre(1u, 4u, 7u, 10u));
  append(1);
  write_snapshot_now();
  EXPECT_THAT(first_lsns(), ElementsAre(10u));
}

TEST_F(SnapshotterTest, SaysNothingOfASnapshotWhenTheLogHasFailed) {
  ASSERT_TRUE(memtable_.set("t", {"key", "value"}));
  ASSERT_TRUE(log_.wal().make_durable(1));
  Gate gate;
  folder_.set_hook([hold = gate.hook(Kind::write, "snapshot"),
                    fail = fail_next(Kind::sync_file, "wal-", Status::storage_failed)](
                       const Operation& operation) {
    (void)hold(operation);
    return fail(operation);
  });
  {
    const auto snapshotter = start(1);
    gate.wait_for_somebody();
    ASSERT_TRUE(memtable_.set("t", {"key", "lost"}));
    log_.wal().flush_soon();
    log_.wait_for_failure();
    gate.open();
  }
  EXPECT_THAT(snapshots(), IsEmpty());
  EXPECT_THAT(captured_.text(), Not(HasSubstr("no snapshot")));
}

}  // namespace
}  // namespace kv::test
