// The log before it has a background, and a second segment. What other files will do is done here
// in the simplest way: there is one segment, which grows, and who has written syncs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "before_segments.hpp"
#include "disk/data_files.hpp"
#include "open_log.hpp"

namespace kv {

Result<void> Wal::make_room(std::unique_lock<std::mutex>&, std::uint64_t bytes) {
  if (failure_) return *failure_;
  return segment_->has_room(bytes) ? Result<void>{} : segment_->reserve(bytes);
}

Result<void> Wal::finish_closing() { return {}; }
void Wal::run_background() {}
void Wal::wait_for_overdue_sync(std::unique_lock<std::mutex>&) {}

void Wal::sync(std::unique_lock<std::mutex>& lock) {
  const Lsn lsn = written_lsn_;
  lock.unlock();
  const auto synced = segment_->file()->sync();
  lock.lock();
  if (!synced) return fail(synced.error());
  durable_lsn_ = lsn;
  if (lsn != last_lsn_) return;
  append(RecordType::mark, {});
  mark_waits_ = true;
}

Result<void> Wal::make_durable(Lsn lsn) {
  std::unique_lock lock{mutex_};
  ask_for_flush();
  progress_.wait(lock, [&] { return failure_ || durable_lsn_ >= lsn; });
  return failure_ ? Result<void>{*failure_} : Result<void>{};
}

namespace test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;

class LogOfOneSegment : public testing::Test {
 protected:
  SimulatedFolder folder_;
};

TEST_F(LogOfOneSegment, GivesCommandsBackInTheirOrder) {
  OpenLog log{folder_};
  for (const auto* value : {"1", "2"}) ASSERT_TRUE(log.set("key", value));
  log.set_durably("other", "3");
  EXPECT_EQ(log.wal().last_lsn(), 3u);
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: key=1", "2: key=2", "3: other=3"));
  EXPECT_EQ(log.wal().appended_bytes(), 2 * record_bytes("key", "1") + record_bytes("other", "3"));
}

TEST_F(LogOfOneSegment, CallsAChangeSafeWhenItIsSynced) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("a"));
  gate.wait_for_somebody();
  EXPECT_THAT(commands_in(folder_), SizeIs(1)) << "written, and not yet safe";
  EXPECT_EQ(log.wal().safe_lsn(), 0u);
  gate.open();
  log.wait_until_safe(1);
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
}

TEST_F(LogOfOneSegment, SyncsOnceForAllThatHasGathered) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("first"));
  gate.wait_for_somebody();
  for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(log.set(key));
  std::atomic<int> syncs = 0;
  folder_.set_hook([&](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
    syncs += operation.kind == Kind::sync_file;
    return std::nullopt;
  });
  gate.open();
  ASSERT_TRUE(log.wal().make_durable(4));
  EXPECT_EQ(syncs, 1);
}

TEST_F(LogOfOneSegment, WritesAMarkThatNobodyAsksFor) {
  OpenLog log{folder_};
  Gate sync, mark;
  folder_.set_hook(sync.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("a"));
  sync.wait_for_somebody();
  folder_.set_hook(mark.hook(Kind::write, "wal-"));
  sync.open();
  mark.wait_for_somebody();
}

TEST_F(LogOfOneSegment, CallsAChangeSafeWhenItIsWrittenWhereThePolicyIsNever) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  EXPECT_THAT(commands_in(folder_), SizeIs(1));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
}

TEST_F(LogOfOneSegment, FlushesWhatComesWhileAnotherThreadDoes) {
  OpenLog log{folder_, {.limits = {.segment_bytes = 65536, .reserve_bytes = 65536}}};
  for (Lsn lsn = 0; lsn < 100; lsn += 2) {  // often: how the threads meet is not in our hands
    Gate gate;
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.change("a"));
    std::jthread alone{[&] { (void)log.wal().flush_now(); }};
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    gate.open();
    log.wait_until_safe(lsn + 2);
    ASSERT_EQ(log.wal().durable_lsn(), lsn + 2);
  }
}

TEST_F(LogOfOneSegment, RefusesAChangeThatHasNoRoomAndTakesTheNext) {
  OpenLog log{folder_};
  log.set_durably("a");
  folder_.set_capacity(folder_.bytes(segment_name(1)).size());
  EXPECT_EQ(log.set("b", std::string(2000, 'b')).error().status, Status::no_space);
  EXPECT_EQ(log.wal().last_lsn(), 1u) << "its number is given again";
  log.set_durably("c");
  EXPECT_THAT(commands_in(folder_), ElementsAre("1: a=v", "2: c=v"));
}

TEST_F(LogOfOneSegment, EndsForEverWithASyncThatFails) {
  OpenLog log{folder_};
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  ASSERT_TRUE(log.set("a"));
  log.wait_for_failure();
  EXPECT_TRUE(log.wal().failed());
  EXPECT_FALSE(log.set("b"));
  EXPECT_FALSE(log.wal().make_durable(1));
  EXPECT_EQ(log.wal().safe_lsn(), 0u);
  EXPECT_EQ(log.failures(), 1);
  EXPECT_FALSE(log.wal().close());
}

TEST_F(LogOfOneSegment, SaysInTheManifestThatItsEndWasOrderly) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  ASSERT_TRUE(log.wal().close());
  const auto manifest = read_manifest(folder_.after_power_loss(0));
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->clean, 1u);
  EXPECT_EQ(manifest->clean_lsn, 1u);
}

}  // namespace
}  // namespace test
}  // namespace kv
