#include "disk/log_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "disk/bytes.hpp"
#include "disk/posix_folder.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr StoreId store = {1, 2, 3};
constexpr std::size_t sector_bytes = 512;

/// The bytes of a segment in the making, and what was read of them.
class SegmentBytes : public testing::Test {
 protected:
  void begin(Lsn first_lsn, std::uint64_t chain) {
    header_ = make_segment_header(store, {first_lsn - 1, chain}, 0);
    bytes_ = bytes_of(header_);
    lsn_ = first_lsn - 1;
    chain_ = chain;
  }

  void append(const std::string& payload, Lsn durable_lsn = 0) {
    add({.lsn = ++lsn_, .durable_lsn = durable_lsn}, payload);
  }

  void append_mark(Lsn durable_lsn) {
    add({.lsn = lsn_, .durable_lsn = durable_lsn, .type = RecordType::mark}, "");
  }

  void add(const RecordHeader& header, const std::string& payload) {
    offsets_.push_back(bytes_.size());
    const auto chain =
        append_record(bytes_, header, payload, chain_, segment_seed(header_), bytes_.size());
    if (header.type == RecordType::changes) chain_ = chain;
  }

  /// Two records, the second with so many bytes in front of a sector's end; the first of these is
  /// zero, or is not.
  void append_across(std::size_t front, bool zero) {
    std::uint64_t chain = 0;
    do {
      begin(1, chain++);
      offsets_.clear();
      append(std::string(sector_bytes - front - bytes_.size() - sizeof(RecordHeader), 'a'));
      append("b");
    } while ((bytes_[sector_bytes - front] == '\0') != zero);
  }

  Segment read(const std::string& bytes) {
    payloads_.clear();
    return read_segment(bytes, header_, [this](auto, const auto& header, auto payload) {
      if (header.type == RecordType::changes) payloads_.emplace_back(payload);
    });
  }
  Segment read() { return read(bytes_); }

  /// The first sector that begins behind this offset, filled with zeros.
  void lose_a_sector(std::size_t offset) {
    const auto at = (offset / sector_bytes + 1) * sector_bytes;
    std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), sector_bytes, '\0');
  }

  SegmentHeader header_ = make_segment_header(store, {}, 0);
  std::string bytes_{bytes_of(header_)};
  Lsn lsn_ = 0;
  std::uint64_t chain_ = 0;
  std::vector<std::size_t> offsets_;  // of the records
  std::vector<std::string> payloads_;
};

TEST_F(SegmentBytes, AreReadUpToTheZeros) {
  append("a");
  append("b", 1);
  append_mark(2);
  const auto used = bytes_.size();
  bytes_.resize(used + 2000);
  const auto segment = read();
  EXPECT_THAT(payloads_, ElementsAre("a", "b"));
  EXPECT_EQ(segment.records, 2u);
  EXPECT_EQ(segment.end.lsn, 2u);
  EXPECT_EQ(segment.end.chain, chain_);
  EXPECT_EQ(segment.end_offset, used);
  EXPECT_EQ(segment.used_bytes, used);
  EXPECT_EQ(segment.floor, 2u);
  EXPECT_EQ(segment.tail, Tail::clean);
}

TEST_F(SegmentBytes, GoOnFromTheSegmentBefore) {
  begin(42, 4711);
  EXPECT_EQ(read().end.lsn, 41u);
  EXPECT_EQ(read().floor, 41u);  // the one before was durable when this one was begun
  append("a");
  EXPECT_EQ(read().end.lsn, 42u);
  EXPECT_EQ(read().tail, Tail::clean);
}

TEST_F(SegmentBytes, EndWhereALsnIsMissingOrComesAgain) {
  append("a");
  ++lsn_;
  append("c");
  EXPECT_EQ(read().end.lsn, 1u);
  begin(1, 0);
  append("a");
  --lsn_;
  append("a");
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, EndWhereARecordKnowsOfLaterOnes) {
  append("a");
  append_mark(2);
  const auto segment = read();
  EXPECT_EQ(segment.end_offset, offsets_[1]);
  EXPECT_EQ(segment.floor, 2u);
  EXPECT_EQ(segment.tail, Tail::corrupt);
}

TEST_F(SegmentBytes, ThatMissARecordAreCorruptAlsoWhenZerosFollow) {
  append("a");
  append(std::string(300, 'b'));
  append(std::string(3 * sector_bytes, '\0'));
  append("d");
  bytes_.erase(offsets_[1], offsets_[2] - offsets_[1]);
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, ThatHaveARecordTwiceAreCorruptAlsoWhenItIsZeros) {
  append("a");
  append(std::string(3 * sector_bytes, '\0'));
  append("c");
  bytes_.insert(offsets_[2], bytes_.substr(offsets_[1], offsets_[2] - offsets_[1]));
  EXPECT_EQ(read().end.lsn, 2u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, EndWhereTheChainIsAnother) {
  append("a");
  chain_ ^= 1;
  append("b");
  EXPECT_THAT(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, EndWhereATypeIsUnknown) {
  append("a");
  add({.lsn = 2, .type = static_cast<RecordType>(3)}, "b");
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, ARecordThatTheFileEndsInIsTorn) {
  append("a");
  append(std::string(2000, 'b'));
  bytes_.resize(bytes_.size() - 1);
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().end_offset, offsets_[1]);
  EXPECT_EQ(read().tail, Tail::torn);
}

TEST_F(SegmentBytes, ARecordThatMissesASectorIsTorn) {
  append("a");
  append(std::string(2000, 'b'));
  lose_a_sector(offsets_[1] + 600);
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::torn);
  EXPECT_EQ(read().used_bytes, bytes_.size());
}

TEST_F(SegmentBytes, ARecordWithADamagedByteIsCorrupt) {
  append("a");
  append(std::string(2000, 'b'));
  bytes_[offsets_[1] + 1000] = 'c';
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::corrupt);
}

TEST_F(SegmentBytes, DamageInAValueOfZerosLooksTornButTheFloorTellsOtherwise) {
  append("a");
  append(std::string(2000, '\0'), 1);
  append_mark(2);
  bytes_[offsets_[1] + 1000] = 'c';
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().tail, Tail::torn);
  EXPECT_EQ(read().floor, 2u);  // which is above the end
}

TEST_F(SegmentBytes, AValueThatIsARecordRaisesNoFloor) {
  append("a");
  append_mark(1);
  std::string posing;  // as a value, what would be a record elsewhere in this segment
  (void)append_record(posing, {.lsn = 2, .durable_lsn = 2}, "b", chain_, segment_seed(header_),
                      offsets_[0]);
  append(posing + posing, 1);
  append(std::string(2000, 'b'), 1);
  bytes_[offsets_[2] + 41] = 'x';  // the second record is damaged; what it holds must not count
  lose_a_sector(offsets_[3]);
  EXPECT_EQ(read().end.lsn, 1u);
  EXPECT_EQ(read().floor, 1u);
}

TEST_F(SegmentBytes, AFewStrayBytesInTheZerosAreNoRecord) {
  append("a");
  const auto used = bytes_.size();
  bytes_.resize(used + 4000);
  bytes_[used] = '\1';
  bytes_[used + 39] = '\1';
  EXPECT_EQ(read().tail, Tail::torn);
  bytes_[used + 2000] = '\1';
  EXPECT_EQ(read().tail, Tail::torn);
  EXPECT_EQ(read().used_bytes, used + 2001);
  EXPECT_EQ(read().end.lsn, 1u);
  bytes_[used + 10] = '\1';  // enough for a header now, and then a sector of zeros
  EXPECT_EQ(read().tail, Tail::torn);
}

TEST_F(SegmentBytes, ALengthBeyondTheEndIsNotBelieved) {
  append("a");
  append("b");
  for (const int flip : {0x01, 0x80, 0xff}) {
    for (std::size_t at = 32; at < 36; ++at) {
      auto damaged = bytes_;
      damaged[offsets_[0] + at] = static_cast<char>(damaged[offsets_[0] + at] ^ flip);
      EXPECT_EQ(read(damaged).end.lsn, 0u);
      EXPECT_THAT(payloads_, IsEmpty());
    }
  }
}

/// A sector that has only the front of a record's checksum is zero by chance, once in 256 times.
TEST_F(SegmentBytes, AZeroInFrontOfAChecksumIsNoLostSector) {
  append_across(1, true);
  append("c");
  EXPECT_EQ(read().end.lsn, 3u);
  for (const auto damaged : {offsets_[1] + 3, offsets_[1] + 20, offsets_[2] - 1}) {
    auto bytes = bytes_;
    bytes[damaged] = static_cast<char>(bytes[damaged] ^ 1);
    EXPECT_EQ(read(bytes).end.lsn, 1u);
    EXPECT_EQ(read(bytes).tail, Tail::corrupt) << damaged;
  }
}

TEST_F(SegmentBytes, ALostSectorWithTheFrontOfAChecksumIsTorn) {
  for (std::size_t front = 1; front <= 16; ++front) {
    append_across(front, false);
    std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(sector_bytes - front), front, '\0');
    EXPECT_EQ(read().end.lsn, 1u);
    EXPECT_EQ(read().tail, Tail::torn) << front;
  }
}

/// Any sector that was written since the last sync is lost, or kept.
TEST_F(SegmentBytes, NoPowerLossIsTakenForDamage) {
  std::mt19937 random{random_seed()};
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    begin(1 + below(3), random());
    for (auto left = below(3); left > 0; --left) append(std::string(1 + below(900), 'd'));
    const auto durable_lsn = lsn_;
    const auto durable = bytes_;
    std::vector<std::string> written;
    for (auto left = 1 + below(5); left > 0; --left) {
      constexpr char fillings[] = {'x', '\0'};
      written.emplace_back(1 + below(2000), fillings[below(2)]);
      append(written.back(), durable_lsn);
    }
    std::string left = durable + std::string(bytes_.size() + 700 - durable.size(), '\0');
    bytes_.resize(left.size());
    for (auto at = durable.size() / sector_bytes * sector_bytes; at < left.size();
         at += sector_bytes) {
      if (below(3) > 0) left.replace(at, sector_bytes, bytes_, at, sector_bytes);
    }
    const auto segment = read(left);
    EXPECT_NE(segment.tail, Tail::corrupt);
    EXPECT_GE(segment.end.lsn, durable_lsn);
    EXPECT_LE(segment.floor, segment.end.lsn);
    for (auto lsn = durable_lsn; lsn < segment.end.lsn; ++lsn)
      EXPECT_EQ(payloads_[lsn + 1 - header_.first_lsn], written[lsn - durable_lsn]);
  }
}

/// Of zeros, which take no room on the disk.
TEST(SegmentFile, HasUpTo256MiB) {
  const TempFolder temporary;
  const auto folder = open_posix_folder(temporary.path(), false);
  const auto path = temporary.path() / "segment";
  constexpr std::uint64_t bytes_max = 256 * 1024 * 1024;
  ASSERT_TRUE((*folder->create("segment"))->write_at(0, "x"));
  std::filesystem::resize_file(path, bytes_max);
  EXPECT_EQ(*(*open_segment(*folder, "segment"))->size(), bytes_max);
  std::filesystem::resize_file(path, bytes_max + 1);
  EXPECT_EQ(open_segment(*folder, "segment").error().status, Status::too_large);
}

/// A file of these bytes, of which one read fails.
class FailingFile : public File {
 public:
  FailingFile(std::string bytes, int failing_read)
      : bytes_{std::move(bytes)}, until_failure_{failing_read} {}

  Result<std::size_t> read_into(std::span<char> to, std::uint64_t offset) const override {
    if (--until_failure_ == 0) return Error{Status::storage_failed, "the disk fails"};
    return offset > bytes_.size() ? 0 : bytes_.copy(to.data(), to.size(), offset);
  }
  Result<std::uint64_t> size() const override { return bytes_.size(); }
  Result<void> write_at(std::uint64_t, std::string_view) override { return {}; }
  Result<void> truncate(std::uint64_t) override { return {}; }
  Result<void> sync() override { return {}; }
  void set_name(const std::string&) override {}

 private:
  std::string bytes_;
  mutable int until_failure_;
};

/// Its rest is read twice: for its end, and for what is in it.
TEST_F(SegmentBytes, OfWhichAnyReadFailsAreAnError) {
  append("a");
  bytes_.resize(1'000'000);
  bytes_.back() = 'x';
  int failures = 0;
  for (bool failed = true; failed; failures += failed) {
    const FailingFile file{bytes_, failures + 1};
    Pieces pieces{file};
    failed = !read_segment(pieces, header_, [](auto, const auto&, auto) {});
  }
  EXPECT_GT(failures, 4);
}

}  // namespace
}  // namespace kv::test
