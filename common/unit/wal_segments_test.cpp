// The log's segments: when one ends and the next begins, and the zeros that are written ahead.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "disk/manifest.hpp"
#include "fixtures/seed.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class WalSegmentsTest : public testing::Test {
 protected:
  static constexpr auto header_bytes = sizeof(SegmentHeader);
  static constexpr auto mark_bytes = sizeof(RecordHeader);

  /// Of "b", which fills up the segment that has an empty "a" already; a mark follows each.
  static std::string value_that_fills() {
    const auto taken = header_bytes + record_bytes("a", "") + mark_bytes;
    return std::string(tiny_limits.segment_bytes - taken - record_bytes("b", "") - mark_bytes, 'v');
  }

  SimulatedFolder folder_;
};

TEST_F(WalSegmentsTest, ARecordThatFitsToTheLastByteStays) {
  OpenLog log{folder_};
  log.set_durably("a", "");
  log.set_durably("b", value_that_fills());
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1)));
  EXPECT_EQ(folder_.bytes(segment_name(1)).size(), tiny_limits.segment_bytes);
}

TEST_F(WalSegmentsTest, ARecordThatIsAByteTooLongBeginsTheNext) {
  OpenLog log{folder_};
  log.set_durably("a", "");
  log.set_durably("b", value_that_fills() + "v");
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(2)));
}

TEST_F(WalSegmentsTest, GoOnFromOneToTheNext) {
  OpenLog log{folder_};
  std::vector<std::string> expected;
  for (int lsn = 1; lsn <= 20; ++lsn) {
    const auto value = std::string(500, 'v') + std::to_string(lsn);
    ASSERT_TRUE(log.set("key", value));
    expected.push_back(std::to_string(lsn) + ": key=" + value);
  }
  ASSERT_TRUE(log.wal().make_durable(20));
  EXPECT_GE(segments_in(folder_).size(), 3u);
  EXPECT_EQ(commands_in(folder_), expected);
  ASSERT_TRUE(log.wal().close());
  EXPECT_EQ(segment_name(read_manifest(folder_)->newest_segment), segments_in(folder_).back());
}

TEST_F(WalSegmentsTest, AreOnTheDiskToTheirEndBeforeThereIsANext) {
  const auto seed = random_seed();
  OpenLog log{folder_, {.sync = Sync::never}};
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.kind == Kind::rename && operation.name.starts_with("wal-")) {
      EXPECT_THAT(commands_in(folder_.after_power_loss(seed)),
                  SizeIs(*segment_first_lsn(operation.name) - 1));
    }
    return std::nullopt;
  });
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(log.set("key", std::string(300, 'v')));
  ASSERT_TRUE(log.wal().close());
  EXPECT_GE(segments_in(folder_).size(), 3u);
}

TEST_F(WalSegmentsTest, AreLongerThanTheirLimitOnlyForOneRecord) {
  OpenLog log{folder_};
  log.set_durably("small");
  log.set_durably("large", std::string(3 * tiny_limits.segment_bytes, 'v'));
  log.set_durably("small");
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(2), segment_name(3)));
  EXPECT_THAT(commands_in(folder_), SizeIs(3));
}

TEST_F(WalSegmentsTest, ACommandGoesToTheNextWhileTheFullOneIsBeingWritten) {
  Gate gate;
  OpenLog log{folder_};
  folder_.set_hook(gate.hook(Kind::sync_file, segment_name(1)));
  ASSERT_TRUE(log.set("a", std::string(3000, 'v')));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.set("b", std::string(500, 'v')));
  ASSERT_TRUE(log.set("c", std::string(3000, 'v')));
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1)));
  {
    std::jthread third{[&] { EXPECT_TRUE(log.set("d", std::string(3000, 'v'))); }};
    gate.open();  // it waits for that: two segments are not written at a time
  }
  ASSERT_TRUE(log.wal().make_durable(4));
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(3), segment_name(4)));
  EXPECT_THAT(commands_in(folder_), SizeIs(4));
}

TEST_F(WalSegmentsTest, WhatIsSafeIsOnTheDiskAlsoWhenTheNextBeginsMeanwhile) {
  const auto seed = random_seed();
  Gate gate;
  OpenLog log{folder_, {.limits = {.segment_bytes = 4096, .reserve_bytes = 4000}}};
  folder_.set_hook(
      [this, &log, seed, wait = gate.hook(Kind::write, segment_name(1))](const auto& operation) {
        const auto safe = log.wal().safe_lsn();  // before the power goes
        for (auto loss = seed; loss < seed + 4; ++loss)
          EXPECT_GE(commands_in(folder_.after_power_loss(loss)).size(), safe);
        return wait(operation);
      });
  ASSERT_TRUE(log.set("a", std::string(3000, 'v')));
  gate.wait_for_somebody();
  ASSERT_TRUE(log.set("b", std::string(3000, 'v')));
  gate.open();
  ASSERT_TRUE(log.wal().make_durable(2));
  EXPECT_THAT(segments_in(folder_), ElementsAre(segment_name(1), segment_name(2)));
}

TEST_F(WalSegmentsTest, TheNextIsReadyBeforeItIsNeeded) {
  OpenLog log{folder_, {.limits = {.segment_bytes = 8192, .reserve_bytes = 1024}}};
  Gate next;
  folder_.set_hook(next.hook(Kind::sync_file, next_segment_name));
  log.set_durably("half full", std::string(5000, 'v'));
  next.wait_for_somebody();
  next.open();
}

TEST_F(WalSegmentsTest, TheManifestNamesOneBeforeThereIsAnother) {
  OpenLog log{folder_};
  folder_.set_hook([&](const Operation& operation) -> std::optional<Status> {
    if (operation.kind == Kind::create && operation.name == next_segment_name) {
      EXPECT_EQ(segment_name(read_manifest(folder_)->newest_segment), segments_in(folder_).back());
    }
    return std::nullopt;
  });
  for (int i = 0; i < 30; ++i) log.set_durably("key", std::string(300, 'v'));
  ASSERT_TRUE(log.wal().close());
  EXPECT_GE(segments_in(folder_).size(), 3u);
}

TEST_F(WalSegmentsTest, KeepNoZerosAfterAnOrderlyEnd) {
  OpenLog log{folder_};
  log.set_durably("key", std::string(3000, 'v'));
  ASSERT_TRUE(log.wal().close());
  const auto bytes = folder_.bytes(segment_name(1));
  EXPECT_EQ(
      bytes.size(),
      read_segment(bytes, *read_segment_header(bytes), [](auto, const auto&, auto) {}).end_offset);
  EXPECT_EQ(folder_.files().size(), 2u) << "the segment and the manifest";
}

// --- zeros ahead ---

TEST_F(WalSegmentsTest, BeginWithZerosThatAreOnTheDisk) {
  OpenLog log{folder_};
  EXPECT_EQ(folder_.after_power_loss(0).bytes(segment_name(1)).substr(header_bytes),
            std::string(tiny_limits.reserve_bytes, '\0'));
}

TEST_F(WalSegmentsTest, GetTheirZerosInStepsUpToTheirLimit) {
  constexpr std::size_t limit = header_bytes + 2 * 1024u + 500u;
  constexpr Wal::Limits limits{.segment_bytes = limit, .reserve_bytes = 1024};
  std::size_t bytes = header_bytes + 1024u;
  for (const std::size_t expected : {header_bytes + 2 * 1024u, limit}) {
    OpenLog log{folder_, {.limits = limits}};
    for (; bytes < expected; bytes = folder_.bytes(segment_name(1)).size()) log.set_durably("key");
    EXPECT_EQ(bytes, expected);
    bytes = header_bytes + 1024u;
  }
}

TEST_F(WalSegmentsTest, GetTheirZerosBeforeACommandNeedsThem) {
  constexpr Wal::Limits limits{.segment_bytes = 65536, .reserve_bytes = 1024};
  {
    OpenLog log{folder_, {.limits = limits}};
    log.set_durably("key", std::string(600, 'v'));
  }
  EXPECT_EQ(folder_.bytes(segment_name(1)).size(), header_bytes + 2 * 1024u);
}

TEST_F(WalSegmentsTest, GetThemAlsoWhereNoThreadOfTheLogHasWritten) {
  constexpr Wal::Limits limits{.segment_bytes = 65536, .reserve_bytes = 1024};
  for (const auto sync : {Sync::always, Sync::never}) {
    folder_ = SimulatedFolder{};
    OpenLog log{folder_, {.sync = sync, .limits = limits}};
    ASSERT_TRUE(log.change("key", std::string(600, 'v')));
    EXPECT_TRUE(log.wal().flush_now());
    EXPECT_EQ(folder_.bytes(segment_name(1)).size(), header_bytes + 1024u) << "the answer waits";
    EXPECT_FALSE(log.wal().flush_now());
    EXPECT_EQ(folder_.bytes(segment_name(1)).size(), header_bytes + 2 * 1024u);
  }
}

}  // namespace
}  // namespace kv::test
