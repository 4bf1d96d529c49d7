// Which syncs there are, of which file, and what they prove. What wal_segments.cpp will do is done
// here in the simplest way: who finds the segment full makes the next one, under the lock.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "before_segments.hpp"
#include "disk/data_files.hpp"
#include "open_log.hpp"

namespace kv {

Result<void> Wal::make_room(std::unique_lock<std::mutex>&, std::uint64_t bytes) {
  if (failure_) return *failure_;
  if (segment_->has_room(bytes)) return {};
  if (segment_->may_grow(bytes)) return segment_->reserve(bytes);
  auto next = create_next_segment(folder_, limits_.reserve_bytes);
  if (!next) return next.error();
  const Position end{last_lsn_, chain_, segment_->header().id};
  closing_.emplace(Closing{std::move(*segment_), std::exchange(pending_, {})});
  segment_.emplace(std::move(*next), make_segment_header(store_, end, 4712), limits_);
  return segment_->reserve(bytes);
}

Result<void> Wal::finish_closing() {
  File& file = *closing_->segment.file();
  const auto& pending = closing_->pending;
  auto done = file.write_at(closing_->segment.end_offset() - pending.size(), pending);
  if (done) done = file.sync();
  return done ? segment_->publish() : done;
}

namespace test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Clock = std::chrono::steady_clock;
using Kind = SimulatedFolder::Kind;

class LogSync : public testing::Test {
 protected:
  std::vector<RecordHeader> headers() const { return headers_in(folder_.bytes(segment_name(1))); }

  SimulatedFolder folder_;
};

TEST_F(LogSync, NamesTheDurableLsnInAMarkWhenNoRecordFollows) {
  {
    OpenLog log{folder_};
    log.set_durably("a");
    log.set_durably("b");
  }
  ASSERT_THAT(headers(), SizeIs(4)) << "each with its mark";
  EXPECT_EQ(headers()[2].durable_lsn, 1u);
  EXPECT_EQ(headers()[3].type, RecordType::mark);
  EXPECT_EQ(headers()[3].durable_lsn, 2u);
}

TEST_F(LogSync, HasItsMarkWrittenWhileTheLogGoesOn) {
  for (const auto policy : {Sync::always, Sync::never}) {
    folder_ = SimulatedFolder{};
    OpenLog log{folder_, {.sync = policy}};
    Gate sync, mark;
    folder_.set_hook(sync.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.set("a"));
    std::jthread durable{[&] { EXPECT_TRUE(log.wal().make_durable(1)); }};
    sync.wait_for_somebody();
    folder_.set_hook(mark.hook(Kind::write, "wal-"));
    sync.open();
    mark.wait_for_somebody();
  }
}

TEST_F(LogSync, MakesNoMarkWhereARecordFollows) {
  {
    Gate gate;
    OpenLog log{folder_};
    folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
    ASSERT_TRUE(log.set("a"));
    gate.wait_for_somebody();
    ASSERT_TRUE(log.set("b"));
    gate.open();
  }
  ASSERT_THAT(headers(), SizeIs(3));
  EXPECT_EQ(headers()[1].type, RecordType::changes);
  EXPECT_EQ(headers()[2].type, RecordType::mark);
}

TEST_F(LogSync, MakesAChangeDurableOnDemandAlsoWhereThePolicyIsNever) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  ASSERT_TRUE(log.wal().make_durable(1));
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
  EXPECT_THAT(commands_in(folder_.after_power_loss(0)), SizeIs(1));
}

TEST_F(LogSync, ComesASecondAfterTheWriteUnderEverysec) {
  OpenLog log{folder_, {.sync = Sync::everysec}};
  const auto begin = Clock::now();
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  while (log.wal().durable_lsn() < 1) std::this_thread::yield();
  EXPECT_GE(Clock::now() - begin, std::chrono::seconds{1});
}

TEST_F(LogSync, ThatLastsTooLongHoldsUpAnswersUnderEverysec) {
  Gate gate;
  OpenLog log{folder_, {.sync = Sync::everysec}};
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  ASSERT_TRUE(log.set("a"));
  log.wait_until_safe(1);
  const auto told = Clock::now();
  gate.wait_for_somebody();
  std::this_thread::sleep_until(told + std::chrono::seconds{2});
  ASSERT_TRUE(log.set("late"));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});  // it would be told of by now
  EXPECT_EQ(log.wal().safe_lsn(), 1u);
  gate.open();
  log.wait_until_safe(2);
  EXPECT_EQ(log.wal().safe_lsn(), 2u);
}

TEST_F(LogSync, ProvesNothingOfWhatCameMeanwhile) {
  Gate gate;
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  folder_.set_hook(gate.hook(Kind::sync_file, "wal-"));
  std::jthread durable{[&] { EXPECT_TRUE(log.wal().make_durable(1)); }};
  gate.wait_for_somebody();
  ASSERT_TRUE(log.set("b"));
  log.wait_until_safe(2);
  gate.open();
  durable.join();
  EXPECT_EQ(log.wal().durable_lsn(), 1u);
}

TEST_F(LogSync, IsOfTheFileThatWasWrittenAlsoWhereTheNextSegmentHasBegun) {
  Gate gate;
  OpenLog log{folder_};
  ASSERT_TRUE(log.change("a", std::string(3000, 'v')));
  folder_.set_hook(gate.hook(Kind::write, segment_name(1)));
  std::jthread writer{[&] { (void)log.wal().flush_now(); }};
  gate.wait_for_somebody();
  ASSERT_TRUE(log.change("b", std::string(3000, 'v')));  // in the next one
  gate.open();
  log.wait_until_safe(1);
  for (std::uint32_t seed = 0; seed < 8; ++seed)
    EXPECT_THAT(commands_in(folder_.after_power_loss(seed)), SizeIs(1))
        << "after power loss " << seed;
  ASSERT_TRUE(log.wal().make_durable(2));
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(2)));
}

TEST_F(LogSync, ThatFailsIsFinalAndEverybodyWhoWaitsIsTold) {
  OpenLog log{folder_, {.sync = Sync::never}};
  ASSERT_TRUE(log.set("a"));
  folder_.set_hook(fail_next(Kind::sync_file, "wal-", Status::storage_failed));
  EXPECT_FALSE(log.wal().make_durable(1));
  EXPECT_FALSE(log.set("b"));
  EXPECT_EQ(log.wal().durable_lsn(), 0u);
  EXPECT_EQ(log.failures(), 1);
}

}  // namespace
}  // namespace test
}  // namespace kv
