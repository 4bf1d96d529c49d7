// What a snapshot says when something is wrong with it: what it is, and where.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "disk/bytes.hpp"
#include "disk/checksum.hpp"
#include "disk/snapshot.hpp"
#include "simulated_folder.hpp"

namespace kv::test {
namespace {

constexpr std::uint32_t rows_type = 1, footer_type = 2;
constexpr std::size_t chunk_header_bytes = 16;

/// The bytes of a snapshot in the making, sealed as the format wants it.
constexpr std::uint64_t chain_of_the_log = 0x0102030405060708;

class SnapshotDamageTest : public testing::Test {
 protected:
  static constexpr StoreId store = {1, 2, 3};
  static constexpr Lsn lsn = 7;
  static constexpr std::size_t first_chunk = sizeof(SnapshotHeader);

  SnapshotDamageTest() { begin({.store = store, .created = 4711}); }

  void begin(SnapshotHeader header) {
    header.checksum = checksum(bytes_of(header).substr(0, offsetof(SnapshotHeader, checksum)), 0);
    bytes_ = bytes_of(header);
    chain_ = header.checksum;
  }

  void add_chunk(std::uint32_t type, std::string_view payload) {
    std::string length_and_type;
    append(length_and_type, static_cast<std::uint32_t>(payload.size()));
    append(length_and_type, type);
    chain_ = checksum(payload, checksum(length_and_type, chain_));
    append(bytes_, chain_);
    bytes_ += length_and_type;
    bytes_ += payload;
  }

  void add_row(const std::string& key, const Value& value) {
    std::string payload;
    append_table(payload, "t");
    append_change(payload, {key, value});
    add_chunk(rows_type, payload);
  }

  void add_footer(std::uint64_t rows, Lsn at) {
    std::string footer;
    append(footer, rows);
    append(footer, at);
    append(footer, chain_of_the_log);
    add_chunk(footer_type, footer);
  }

  /// Two rows and the footer.
  void make_whole() {
    add_row("a", "1");
    second_chunk_ = bytes_.size();
    add_row("b", "2");
    footer_ = bytes_.size();
    add_footer(2, lsn);
  }

  Result<Snapshot> read(const ChangeHandler& change = nullptr, const std::stop_token& stop = {}) {
    folder_.put("file", bytes_);
    const auto file = *folder_.open("file");
    Pieces pieces{*file};
    return read_snapshot(pieces, store, lsn, change, stop);
  }

  /// What is wrong with it.
  std::string damage() {
    const auto snapshot = read();
    return snapshot ? "nothing" : snapshot.error().message;
  }

  void flip(std::size_t offset) { bytes_[offset] = static_cast<char>(bytes_[offset] ^ 1); }

  SimulatedFolder folder_;
  std::string bytes_;
  std::uint64_t chain_ = 0;
  std::size_t second_chunk_ = 0, footer_ = 0;
};

TEST_F(SnapshotDamageTest, GivesTheRowsInOrder) {
  make_whole();
  std::string keys;
  const auto snapshot = read([&](auto, std::string_view key, const auto&) { keys += key; });
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->chain, chain_of_the_log);
  EXPECT_EQ(keys, "ab");
  EXPECT_EQ(snapshot->lsn, lsn);
  EXPECT_EQ(snapshot->created, 4711);
  EXPECT_EQ(snapshot->rows, 2u);
}

TEST_F(SnapshotDamageTest, IsNotReadToItsEndWhenAStopIsRequested) {
  make_whole();
  std::stop_source stop;
  int rows = 0;
  const auto stop_at_once = [&](auto, auto, const auto&) { ++rows, stop.request_stop(); };
  EXPECT_FALSE(read(stop_at_once, stop.get_token()));
  EXPECT_EQ(rows, 1);
}

TEST_F(SnapshotDamageTest, NamesADamagedHeader) {
  make_whole();
  const auto whole = bytes_;
  for (std::size_t at = 0; at < sizeof(SnapshotHeader); ++at) {
    bytes_ = whole;
    flip(at);
    EXPECT_EQ(damage(), "damaged header at offset 0") << at;
    bytes_ = whole.substr(0, at);
    EXPECT_EQ(damage(), "no whole header at offset 0") << at;
  }
}

TEST_F(SnapshotDamageTest, RefusesALaterVersion) {
  begin({.version = format_version + 1, .store = store});
  make_whole();
  EXPECT_EQ(read().error().status, Status::unknown_version);
}

TEST_F(SnapshotDamageTest, RefusesAnotherStoreAndAnotherMoment) {
  begin({.store = {9}});
  make_whole();
  EXPECT_EQ(damage(), "the snapshot of another store at offset 0");
  begin({.store = store});
  add_footer(0, lsn + 1);
  EXPECT_EQ(damage(), "the snapshot of another moment than its name says at offset 40");
}

TEST_F(SnapshotDamageTest, NamesTheChunkThatAByteHasChangedIn) {
  make_whole();
  const auto whole = bytes_;
  for (auto at = first_chunk; at < whole.size(); ++at) {
    const auto chunk = at < second_chunk_ ? first_chunk : at < footer_ ? second_chunk_ : footer_;
    bytes_ = whole;
    flip(at);
    const auto offset = " at offset " + std::to_string(chunk);
    EXPECT_EQ(damage(), "damaged chunk" + offset) << at;
  }
}

TEST_F(SnapshotDamageTest, BelievesNoLengthBeyondTheLargest) {
  make_whole();
  bytes_[second_chunk_ + 11] = '\x7f';
  EXPECT_EQ(damage(), "damaged chunk header at offset " + std::to_string(second_chunk_));
}

TEST_F(SnapshotDamageTest, NamesWhereItEndsTooSoon) {
  make_whole();
  const auto whole = bytes_;
  for (auto cut = first_chunk; cut < whole.size(); ++cut) {
    const auto chunk = cut < second_chunk_ ? first_chunk : cut < footer_ ? second_chunk_ : footer_;
    const bool in_header = cut < chunk + chunk_header_bytes;
    bytes_ = whole.substr(0, cut);
    EXPECT_EQ(damage(), (in_header ? "it ends too soon at offset " : "damaged chunk at offset ") +
                            std::to_string(chunk));
  }
}

TEST_F(SnapshotDamageTest, NoticesAChunkThatIsMissingRepeatedOrMoved) {
  make_whole();
  const auto header = bytes_.substr(0, first_chunk), footer = bytes_.substr(footer_),
             one = bytes_.substr(first_chunk, second_chunk_ - first_chunk),
             two = bytes_.substr(second_chunk_, footer_ - second_chunk_);
  bytes_ = header + two + footer;
  EXPECT_EQ(damage(), "damaged chunk at offset " + std::to_string(first_chunk));
  bytes_ = header + two + one + footer;
  EXPECT_EQ(damage(), "damaged chunk at offset " + std::to_string(first_chunk));
  bytes_ = header + one + one + two + footer;
  EXPECT_EQ(damage(), "damaged chunk at offset " + std::to_string(second_chunk_));
}

TEST_F(SnapshotDamageTest, NoticesAFooterThatCountsOtherRows) {
  add_row("a", "1");
  const auto footer = bytes_.size();
  add_footer(2, lsn);
  EXPECT_EQ(damage(), "the footer counts other rows at offset " + std::to_string(footer));
}

TEST_F(SnapshotDamageTest, EndsWithItsFooter) {
  make_whole();
  const auto end = bytes_.size();
  bytes_ += '\0';
  EXPECT_EQ(damage(), "bytes after the footer at offset " + std::to_string(end));
}

TEST_F(SnapshotDamageTest, RefusesSealedChunksThatMakeNoSense) {
  const std::string footer_that_is_too_long(25, '\0');
  const std::pair<std::uint32_t, std::string> chunks[] = {
      {rows_type, "x"}, {3, ""}, {footer_type, footer_that_is_too_long}};
  for (const auto& [type, payload] : chunks) {
    begin({.store = store});
    add_chunk(type, payload);
    EXPECT_EQ(damage(), "a chunk that makes no sense at offset 40") << type;
  }
}

}  // namespace
}  // namespace kv::test
