// What stands behind the last record of a segment: one sentence for each question, and its edges.

#include "disk/torn_or_corrupt.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "disk/log_format.hpp"

namespace kv::test {
namespace {

constexpr std::uint64_t seed = 4711;
constexpr std::uint64_t begin = 1000;  // of the tail: 24 bytes before the end of a sector
constexpr std::size_t header_bytes = sizeof(RecordHeader);

/// A record for the place where the tail begins, or another one.
std::string record(std::size_t payload_bytes, std::uint64_t offset = begin) {
  std::string bytes;
  (void)append_record(bytes, {.lsn = 7, .durable_lsn = 6}, std::string(payload_bytes, 'x'), 1, seed,
                      offset);
  return bytes;
}

/// The bytes, and then so many zeros.
Tail tail_of(std::string bytes, std::size_t zeros = 4000, std::uint64_t offset = begin) {
  bytes.resize(bytes.size() + zeros);
  return torn_or_corrupt({bytes, offset, seed});
}

void damage(std::string& bytes, std::size_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 1); }

TEST(TornOrCorrupt, ZerosOrNothingAreClean) {
  EXPECT_EQ(tail_of("", 0), Tail::clean);
  EXPECT_EQ(tail_of(""), Tail::clean);
}

TEST(TornOrCorrupt, TwoBytesAreNoHeaderAndThreeMayBe) {
  std::string bytes(header_bytes + 2000, '\x1');
  std::fill_n(bytes.begin(), header_bytes, '\0');
  bytes[3] = bytes[30] = '\x1';
  EXPECT_EQ(tail_of(bytes), Tail::torn);
  bytes[20] = bytes[24] = bytes[39] = '\x1';  // one in each sector
  EXPECT_EQ(tail_of(bytes), Tail::corrupt);
}

TEST(TornOrCorrupt, ARecordOfAnotherPlaceIsCorruptAlsoWithASectorOfZeros) {
  auto moved = record(2000, begin + 512);
  std::fill_n(moved.begin() + 600, 1100, '\0');
  EXPECT_EQ(tail_of(moved), Tail::corrupt);
  auto own = record(2000);
  std::fill_n(own.begin() + 600, 1100, '\0');
  EXPECT_EQ(tail_of(own), Tail::torn) << "which is what it would be here";
}

TEST(TornOrCorrupt, ARecordThatWouldEndBehindTheFileIsTorn) {
  const auto whole = record(2000);
  EXPECT_EQ(tail_of(whole.substr(0, whole.size() - 1), 0), Tail::torn);
  EXPECT_EQ(tail_of(whole.substr(0, header_bytes - 1), 0), Tail::torn) << "not even a header";
}

TEST(TornOrCorrupt, ARecordThatMissesASectorIsTorn) {
  for (const std::size_t sector : {24u, 24u + 512, 24u + 1024}) {  // the first bytes of each
    auto bytes = record(2000);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(sector), 512, '\0');
    EXPECT_EQ(tail_of(bytes), Tail::torn) << sector;
  }
}

TEST(TornOrCorrupt, ZerosThatAreNoWholeSectorAreDamage) {
  auto bytes = record(2000);
  std::fill_n(bytes.begin() + 25, 1022, '\0');  // all but the ends of two sectors
  EXPECT_EQ(tail_of(bytes), Tail::corrupt);
}

TEST(TornOrCorrupt, OfLessThanAChecksumInAnotherSectorTheRestOfTheHeaderTells) {
  for (const std::size_t front : {1u, 7u, 8u}) {  // bytes before the end of a sector
    auto bytes = record(2000, 1024 - front);
    std::fill_n(bytes.begin(), front, '\0');
    EXPECT_EQ(tail_of(bytes, 4000, 1024 - front), Tail::torn) << front;
    damage(bytes, 30);
    EXPECT_EQ(tail_of(bytes, 4000, 1024 - front), front < 8 ? Tail::corrupt : Tail::torn) << front;
  }
}

TEST(TornOrCorrupt, AChecksumThatBeginsWithAZeroMissesNothing) {
  std::size_t payload_bytes = 2000;
  while (record(payload_bytes, 1023)[0] != '\0') ++payload_bytes;
  auto bytes = record(payload_bytes, 1023);
  damage(bytes, header_bytes + 1000);
  EXPECT_EQ(tail_of(bytes, 4000, 1023), Tail::corrupt);
}

TEST(TornOrCorrupt, ARecordThatIsThereInFullIsCorrupt) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{32}, header_bytes + 1000}) {
    auto bytes = record(2000);
    damage(bytes, at);
    EXPECT_EQ(tail_of(bytes), Tail::corrupt) << at;
  }
}

TEST(TornOrCorrupt, TheEndOfAProvenRecordIsLookedAtAlsoWhereItIsZeros) {
  auto bytes = record(2000);
  std::fill_n(bytes.begin() + 1000, 1040, '\0');  // up to its end
  EXPECT_EQ(tail_of(bytes), Tail::torn);
}

}  // namespace
}  // namespace kv::test
