// The log on a disk that is full, which refuses a command and changes nothing, and on one that
// fails, which is the end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>

#include "base/fatal_error.hpp"
#include "disk/data_files.hpp"
#include "disk/manifest.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;

const std::string large(900, 'v');

/// So much that the next record needs another step of zeros, or another segment.
class WalFailureTest : public testing::Test {
 protected:
  std::size_t used_bytes() const {
    std::size_t sum = 0;
    for (const auto& [name, bytes] : folder_.files()) sum += bytes.size();
    return sum;
  }

  void expect_refused(OpenLog& log, Status status) {
    const auto last_lsn = log.wal().last_lsn();
    const auto appended_bytes = log.wal().appended_bytes();
    const auto refused = log.set("refused", large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, status);
    EXPECT_EQ(log.wal().last_lsn(), last_lsn);
    EXPECT_EQ(log.wal().appended_bytes(), appended_bytes);
    EXPECT_FALSE(log.wal().failed());
    EXPECT_EQ(log.failures(), 0);
  }

  /// Whatever is asked of it, nothing moves any more, on the disk neither.
  void expect_the_end(OpenLog& log) {
    const auto last_lsn = log.wal().last_lsn(), safe_lsn = log.wal().safe_lsn(),
               durable_lsn = log.wal().durable_lsn();
    EXPECT_TRUE(log.wal().failed());
    EXPECT_FALSE(log.wal().close());
    const auto operations = folder_.operations();
    EXPECT_FALSE(log.set("key"));
    EXPECT_FALSE(log.set("key", std::string(9000, 'v')));
    EXPECT_EQ(log.wal().make_durable(last_lsn).has_value(), durable_lsn == last_lsn);
    EXPECT_EQ(log.wal().last_lsn(), last_lsn);
    EXPECT_EQ(log.wal().safe_lsn(), safe_lsn);
    EXPECT_EQ(log.wal().durable_lsn(), durable_lsn);
    EXPECT_EQ(folder_.operations(), operations);
    EXPECT_EQ(log.failures(), 1);
  }

  /// Every operation of this kind on such a file.
  static SimulatedFolder::Hook fail_all(Kind kind, const std::string& name, Status status) {
    return [=](const auto& operation) {
      const bool fails = operation.kind == kind && operation.name.starts_with(name);
      return fails ? std::optional{status} : std::nullopt;
    };
  }

  SimulatedFolder folder_;
};

// --- no room ---

TEST_F(WalFailureTest, ARecordWithoutRoomIsRefusedAndTheLogGoesOnWhenThereIsRoom) {
  OpenLog log{folder_};
  folder_.set_capacity(used_bytes());
  log.set_durably("fits", std::string(700, 'v'));
  expect_refused(log, Status::no_space);
  expect_refused(log, Status::no_space);
  folder_.set_capacity(100'000);
  log.set_durably("now");
  EXPECT_EQ(log.wal().last_lsn(), 2u);
  ASSERT_THAT(commands_in(folder_), SizeIs(2));
  EXPECT_EQ(commands_in(folder_)[1], "2: now=v");
}

TEST_F(WalFailureTest, TheLastBytesOfTheDiskAreUsedWhereAWholeStepHasNoRoom) {
  OpenLog log{folder_};
  folder_.set_capacity(used_bytes() + 700);
  log.set_durably("key", large);
  log.set_durably("key", std::string(500, 'v'));
  expect_refused(log, Status::no_space);
}

/// Then nobody waits for the segment before, and yet it is closed: until the next has its name, no
/// header tells that the last record of this one was durable.
TEST_F(WalFailureTest, ARecordWithoutRoomInTheNextSegmentLeavesThatWithItsName) {
  OpenLog log{folder_};
  ASSERT_TRUE(log.change("a", std::string(3000, 'v')));
  flush_here(log.wal());
  Gate named;
  folder_.set_hook([no_room = fail_next(Kind::write, segment_name(2), Status::no_space),
                    wait = named.hook(Kind::rename, segment_name(2))](const auto& operation) {
    const auto failed = no_room(operation);
    return failed ? failed : wait(operation);
  });
  EXPECT_EQ(log.change("b", std::string(3000, 'v')).error().status, Status::no_space);
  named.wait_for_somebody();
  named.open();
}

/// The segment without records gets no mark: it would be taken for one that has some, and another
/// begun with the same LSN in its place.
TEST_F(WalFailureTest, ARecordWithoutRoomInTheNextSegmentFindsTheSameOneLater) {
  OpenLog log{folder_};
  Gate sync;
  folder_.set_hook([no_room = fail_next(Kind::write, segment_name(2), Status::no_space),
                    wait = sync.hook(Kind::sync_file, segment_name(1))](const auto& operation) {
    const auto failed = no_room(operation);
    return failed ? failed : wait(operation);
  });
  ASSERT_TRUE(log.set("a"));
  sync.wait_for_somebody();
  const std::string longer(2 * tiny_limits.segment_bytes, 'v');
  EXPECT_EQ(log.set("b", longer).error().status, Status::no_space);
  sync.open();
  ASSERT_TRUE(log.wal().make_durable(1));
  log.set_durably("b", longer);
  ASSERT_TRUE(log.wal().close());
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=v", "2: b=" + longer));
  EXPECT_EQ(read_segment_header(folder_.bytes(segment_name(2)))->previous,
            read_segment_header(folder_.bytes(segment_name(1)))->id);
}

/// Descriptors and memory are such room as well.
TEST_F(WalFailureTest, WithoutRoomForTheNextSegmentTheOldOneGoesOn) {
  for (const auto status : {Status::no_space, Status::overloaded}) {
    for (const auto kind : {Kind::create, Kind::write}) {
      folder_ = SimulatedFolder{};
      OpenLog log{folder_};
      folder_.set_hook(fail_all(kind, next_segment_name, status));
      log.set_durably("a", std::string(3500, 'v'));
      expect_refused(log, status);
      EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1)));
      log.set_durably("b");
      folder_.set_hook(nullptr);
      log.set_durably("c", large);
      ASSERT_TRUE(log.wal().close());
      EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(3)));
      EXPECT_THAT(commands_in(folder_), SizeIs(3));
    }
  }
}

TEST_F(WalFailureTest, WhereMemoryRunsOutForTheNextSegmentTheOldOneGoesOn) {
  OpenLog log{folder_};
  folder_.set_hook([](const auto& operation) -> std::optional<Status> {
    if (operation.name == next_segment_name) throw std::bad_alloc{};
    return std::nullopt;
  });
  log.set_durably("a", std::string(3500, 'v'));
  expect_refused(log, Status::overloaded);
  log.set_durably("b");
  folder_.set_hook(nullptr);
  log.set_durably("c", large);
  ASSERT_TRUE(log.wal().close());
  EXPECT_THAT(commands_in(folder_), SizeIs(3));
}

TEST_F(WalFailureTest, WithoutRoomForTheManifestThereIsNoThirdSegment) {
  OpenLog log{folder_};
  log.set_durably("a", std::string(3500, 'v'));
  folder_.set_hook(fail_all(Kind::create, manifest_name, Status::no_space));
  log.set_durably("b", std::string(3500, 'v'));
  expect_refused(log, Status::no_space);
  expect_refused(log, Status::no_space);  // no file waits for the manifest, either
  log.set_durably("c");
  EXPECT_EQ(read_manifest(folder_)->newest_segment, 1u);
  folder_.set_hook(nullptr);
  log.set_durably("d", large);
  ASSERT_TRUE(log.wal().close());
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(2), segment_name(4)));
  EXPECT_THAT(commands_in(folder_), SizeIs(4));
}

TEST_F(WalFailureTest, AnErrorInZerosRefusesTheCommandThatNeedsThemAndIsNotTheEnd) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a", std::string(100, 'v')));
  log.wait_until_safe(1);
  folder_.set_hook([](const auto& operation) {
    return operation.kind == Kind::write ? std::optional{Status::storage_failed} : std::nullopt;
  });
  expect_refused(log, Status::storage_failed);
  folder_.set_hook(nullptr);
  ASSERT_TRUE(log.set("b", large));
  ASSERT_TRUE(log.wal().close());
  EXPECT_THAT(commands_in(folder_), SizeIs(2));
}

TEST_F(WalFailureTest, AFirstSegmentThatCannotBeMadeIsNoStart) {
  folder_.set_capacity(100);
  try {
    const OpenLog log{folder_};
    FAIL() << "the log was opened";
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::cannot_start));
    EXPECT_THAT(error.what(), HasSubstr("cannot begin a segment of the log: "));
  }
}

// --- the end ---

TEST_F(WalFailureTest, AFailedSyncIsTheEnd) {
  OpenLog log{folder_};
  log.set_durably("a");
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  ASSERT_TRUE(log.set("b"));
  log.wait_for_failure();
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
  expect_the_end(log);
  EXPECT_EQ(log.wal().make_durable(2).error().message, log.why());
  EXPECT_TRUE(log.wal().make_durable(1)) << "that was durable before";
}

TEST_F(WalFailureTest, AnErrorInReservedSpaceIsTheEndAlsoWhenItIsNoSpace) {
  for (const auto status : {Status::no_space, Status::storage_failed}) {
    for (const auto sync : {Sync::always, Sync::everysec, Sync::never}) {
      folder_ = SimulatedFolder{};
      OpenLog log{folder_, {.sync = sync}};
      folder_.set_hook(fail_next(Kind::write, "wal-", status));
      ASSERT_TRUE(log.set("a"));
      log.wait_for_failure();
      EXPECT_EQ(log.wal().safe_lsn(), 0u);
      expect_the_end(log);
    }
  }
}

TEST_F(WalFailureTest, AFailedSyncAtTheEndOfASegmentIsTheEnd) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a", std::string(3900, 'v')));
  log.wait_until_safe(1);
  folder_.set_hook(fail_next(Kind::sync_file, segment_name(1), Status::storage_failed));
  ASSERT_TRUE(log.set("b", large));
  log.wait_for_failure();
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  expect_the_end(log);
}

TEST_F(WalFailureTest, AnErrorThatLeavesUnknownWhetherThereIsANewSegmentIsTheEnd) {
  const std::pair<Kind, std::string> steps[] = {
      {Kind::write, segment_name(2)},   {Kind::sync_file, segment_name(2)},
      {Kind::rename, segment_name(2)},  {Kind::sync_folder, ""},
      {Kind::sync_file, manifest_name}, {Kind::rename, manifest_name}};
  for (const auto& [kind, name] : steps) {
    for (const auto status : {Status::storage_failed, Status::no_space}) {
      if (name == manifest_name && status == Status::no_space) continue;  // that may come back
      folder_ = SimulatedFolder{};
      OpenLog log{folder_};
      log.set_durably("a", std::string(3900, 'v'));
      folder_.set_hook(fail_next(kind, name, status));
      ASSERT_TRUE(log.set("b", large)) << name;
      log.wait_for_failure();
      EXPECT_EQ(log.wal().safe_lsn(), name == manifest_name ? log.wal().safe_lsn() : 1u);
      expect_the_end(log);
    }
  }
}

TEST_F(WalFailureTest, NothingBecomesSafeAfterAnErrorOfTheOtherThread) {
  Gate first, next;
  std::atomic<int> syncs = 0;
  OpenLog log{folder_};
  folder_.set_hook([&, sync_first = first.hook(Kind::sync_file, segment_name(1)),
                    sync_next = next.hook(Kind::sync_file, segment_name(3))](
                       const auto& operation) -> std::optional<Status> {
    if (operation.kind == Kind::create && operation.name == "MANIFEST.tmp") {
      next.wait_for_somebody();
      return Status::storage_failed;
    }
    (void)sync_first(operation);
    const bool syncs_next = operation.kind == Kind::sync_file && operation.name == segment_name(3);
    if (syncs_next && ++syncs == 2) (void)sync_next(operation);  // the first is of its header
    return std::nullopt;
  });
  ASSERT_TRUE(log.set("a", std::string(3000, 'v')));
  first.wait_for_somebody();
  ASSERT_TRUE(log.set("b", std::string(500, 'v')));
  ASSERT_TRUE(log.set("c", std::string(3000, 'v')));  // in the next segment
  first.open();
  log.wait_for_failure();
  EXPECT_EQ(log.wal().durable_lsn(), 2u) << "with the end of the first segment";
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  next.open();
  EXPECT_FALSE(log.wal().close());
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
}

/// The kernel tells of a loss once, and here another thread hears of it.
TEST_F(WalFailureTest, AFailedSyncOfTheFolderIsTheEndAlsoWhereASnapshotMadeIt) {
  OpenLog log{folder_};
  folder_.set_hook(fail_next(Kind::sync_folder, "", Status::storage_failed));
  EXPECT_FALSE(folder_.sync());
  log.set_durably("a", std::string(3000, 'v'));
  ASSERT_TRUE(log.set("b", large));
  EXPECT_FALSE(log.wal().make_durable(2));
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
}

TEST_F(WalFailureTest, WhoWaitsIsToldOfTheEnd) {
  Gate gate, next;
  OpenLog log{folder_};
  folder_.set_hook([hold = gate.hook(Kind::sync_file, segment_name(1)),
                    hold_next = next.hook(Kind::create, next_segment_name),
                    fail = fail_next(Kind::sync_file, segment_name(1), Status::storage_failed)](
                       const auto& operation) {
    (void)hold_next(operation);  // or it could be ready for "b"
    (void)hold(operation);
    return fail(operation);
  });
  ASSERT_TRUE(log.set("a", std::string(3900, 'v')));
  gate.wait_for_somebody();
  {
    std::jthread for_the_disk{[&] { EXPECT_FALSE(log.wal().make_durable(1)); }};
    std::jthread for_a_segment{[&] { EXPECT_FALSE(log.set("b", large)); }};
    gate.open();
  }
  next.open();
  expect_the_end(log);
}

TEST_F(WalFailureTest, AFailedSyncAtTheOrderlyEndLeavesNoManifestThatSaysItWasOrderly) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  EXPECT_FALSE(log.wal().close());
  EXPECT_EQ(read_manifest(folder_)->clean, 0u);
}

}  // namespace
}  // namespace kv::test
