// A segment while it is written: where the next record goes, and the zeros ahead of it.

#include "disk/log_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disk/bytes.hpp"
#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "simulated_folder.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::Key;
using Kind = SimulatedFolder::Kind;

constexpr auto header_bytes = sizeof(SegmentHeader);
constexpr auto record_bytes = sizeof(RecordHeader);  // and its payload

class LogWriterTest : public testing::Test {
 protected:
  static constexpr LogWriter::Limits limits{.segment_bytes = 4096, .reserve_bytes = 1024};

  /// The segment after this LSN.
  LogWriter begin(Lsn lsn = 0) {
    auto file = create_next_segment(folder_, limits.reserve_bytes);
    EXPECT_TRUE(file);
    return {std::move(*file), make_segment_header({1, 2, 3}, {.lsn = lsn, .chain = 47}, 4711),
            limits};
  }

  /// Takes so many bytes for a record.
  static void take(LogWriter& writer, std::size_t bytes) {
    std::string out;
    (void)writer.append(out, {.lsn = 1}, std::string(bytes - record_bytes, 'x'), 0);
    EXPECT_EQ(out.size(), bytes);
  }

  SimulatedFolder folder_;
};

TEST_F(LogWriterTest, BeginsWithZerosUnderATemporaryName) {
  const auto writer = begin();
  EXPECT_THAT(folder_.files(), ElementsAre(Key(next_segment_name)));
  EXPECT_EQ(folder_.bytes(next_segment_name), std::string(header_bytes + 1024, '\0'));
  EXPECT_EQ(writer.end_offset(), header_bytes);
  EXPECT_EQ(writer.reserved_offset(), header_bytes + 1024);
}

TEST_F(LogWriterTest, HasItsNameAndItsHeaderOnTheDiskOnceItIsPublished) {
  auto writer = begin(41);
  ASSERT_TRUE(writer.publish());
  const auto disk = folder_.after_power_loss(0);
  ASSERT_THAT(disk.files(), ElementsAre(Key(segment_name(42))));
  const auto header = read_segment_header(disk.bytes(segment_name(42)));
  ASSERT_TRUE(header);
  EXPECT_EQ(bytes_of(*header), bytes_of(writer.header()));
  EXPECT_EQ(header->first_lsn, 42u);
}

TEST_F(LogWriterTest, AFailedWriteOfTheHeaderIsFinalSinceItHadRoom) {
  auto writer = begin();
  folder_.set_hook(fail_next(Kind::write, segment_name(1), Status::no_space));
  EXPECT_EQ(writer.publish().error().status, Status::storage_failed);
}

TEST_F(LogWriterTest, RecordsAreEncodedForTheirPlaces) {
  auto writer = begin();
  ASSERT_TRUE(writer.publish());
  std::string out;
  const auto chain = writer.append(out, {.lsn = 1}, "first", writer.header().chain);
  (void)writer.append(out, {.lsn = 2, .durable_lsn = 1}, "the second", chain);
  EXPECT_EQ(writer.end_offset(), header_bytes + out.size());
  ASSERT_TRUE(writer.file()->write_at(header_bytes, out));

  std::vector<std::string> payloads;
  const auto segment =
      read_segment(folder_.bytes(segment_name(1)), writer.header(),
                   [&](auto, const auto&, auto payload) { payloads.emplace_back(payload); });
  EXPECT_THAT(payloads, ElementsAre("first", "the second"));
  EXPECT_EQ(segment.end_offset, writer.end_offset());
  EXPECT_EQ(segment.tail, Tail::clean);
}

TEST_F(LogWriterTest, HasRoomUpToWhereItsZerosEnd) {
  auto writer = begin();
  EXPECT_TRUE(writer.has_room(1024));
  EXPECT_FALSE(writer.has_room(1025));
  take(writer, 1000);
  EXPECT_TRUE(writer.has_room(24));
  EXPECT_FALSE(writer.has_room(25));
}

TEST_F(LogWriterTest, ReservesInStepsAndAsMuchAsALongRecordNeeds) {
  auto writer = begin();
  take(writer, 1000);
  ASSERT_TRUE(writer.reserve(100));
  EXPECT_EQ(writer.reserved_offset(), header_bytes + 2048);
  ASSERT_TRUE(writer.reserve(9000));
  EXPECT_EQ(writer.reserved_offset(), header_bytes + 10'000);
  EXPECT_EQ(folder_.bytes(next_segment_name), std::string(header_bytes + 10'000, '\0'));
}

TEST_F(LogWriterTest, ReservesNoStepBeyondTheEndOfTheSegment) {
  auto writer = begin();
  take(writer, 1000);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer.reserve(24));
  EXPECT_EQ(writer.reserved_offset(), limits.segment_bytes);
}

TEST_F(LogWriterTest, TakesTheLastBytesOfTheDiskWhereAStepHasNoRoom) {
  auto writer = begin();
  take(writer, 1000);
  folder_.set_capacity(header_bytes + 1100);
  ASSERT_TRUE(writer.reserve(100));
  EXPECT_EQ(writer.reserved_offset(), header_bytes + 1100);
  EXPECT_EQ(writer.reserve(101).error().status, Status::no_space);
  EXPECT_EQ(writer.reserved_offset(), header_bytes + 1100);
}

TEST_F(LogWriterTest, MayGrowUpToItsLimitAndForTheFirstRecordBeyond) {
  auto writer = begin();
  EXPECT_TRUE(writer.may_grow(10'000));
  take(writer, 1000);
  const auto left = limits.segment_bytes - writer.end_offset();
  EXPECT_TRUE(writer.may_grow(left));
  EXPECT_FALSE(writer.may_grow(left + 1));
}

TEST_F(LogWriterTest, WantsAnotherStepAheadWhenHalfOfTheLastOneIsTaken) {
  auto writer = begin();
  take(writer, 511);
  EXPECT_EQ(writer.next_reserved_offset(), writer.reserved_offset());
  take(writer, record_bytes + 1);
  const auto next = writer.next_reserved_offset();
  EXPECT_EQ(next, writer.reserved_offset() + 1024);
  writer.set_reserved(next);
  EXPECT_EQ(writer.reserved_offset(), next);
  writer.set_reserved(header_bytes);
  EXPECT_EQ(writer.reserved_offset(), next) << "somebody else has reserved more meanwhile";
}

TEST_F(LogWriterTest, SaysWhenItIsHalfFull) {
  auto writer = begin();
  ASSERT_TRUE(writer.reserve(limits.segment_bytes / 2));
  take(writer, limits.segment_bytes / 2 - header_bytes);
  EXPECT_FALSE(writer.is_half_full());
  take(writer, record_bytes);
  EXPECT_TRUE(writer.is_half_full());
}

}  // namespace
}  // namespace kv::test
