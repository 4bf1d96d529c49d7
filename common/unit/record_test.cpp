#include "disk/log_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "disk/bytes.hpp"
#include "disk/data_files.hpp"

namespace kv {
namespace {

using testing::HasSubstr;

const StoreId store = [] {
  StoreId id;
  std::iota(id.begin(), id.end(), static_cast<unsigned char>(0xa0));
  return id;
}();

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string payload() {
  std::string bytes;
  append_table(bytes, "table");
  append_change(bytes, {"s", Value{"text"}});
  append_change(bytes, {"gone", std::nullopt});
  return bytes;
}

/// Each change as table/key=its bytes, or "gone".
std::string changes_in(std::string_view bytes) {
  std::string text;
  const bool makes_sense = read_changes(bytes, [&](auto table, auto key, const auto& row) {
    std::string change;
    if (row) append_change(change, {std::string{key}, row.value()});
    text +=
        std::string{table} + "/" + std::string{key} + (row ? "=" + hex(change) : " gone") + "; ";
  });
  return makes_sense ? text : "no sense";
}

// --- the bytes on the disk, so that they can't change unnoticed ---

TEST(Record, ASegmentHeaderHasTheseBytes) {
  EXPECT_EQ(hex(bytes_of(make_segment_header(store, {0x0101, 0x0304, 0x0708}, 0x0506))),
            "6b76776c"                          // kvwl
            "01000000"                          // version
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"  // store
            "0201000000000000"                  // first LSN
            "0403000000000000"                  // chain
            "0605000000000000"                  // id
            "0807000000000000"                  // previous
            "833419d0dfa75ca2");
}

TEST(Record, ARecordHasTheseBytes) {
  std::string record;
  const auto seed = segment_seed(make_segment_header(store, {.lsn = 6}, 0));
  const auto chain =
      append_record(record, {.lsn = 0x0708, .durable_lsn = 0x0706}, payload(), 5, seed, 4096);
  EXPECT_EQ(hex(record),
            "634a7c09e71baa3d"          // header checksum
            "d471362eaba3440c"          // chain
            "0807000000000000"          // LSN
            "0607000000000000"          // durable LSN
            "1e000000"                  // payload length
            "01000000"                  // type
            "05007461626c65"            // table
            "000100040000007374657874"  // a text
            "ff040000000000676f6e65");  // a removal
  EXPECT_EQ(hex(bytes_of(chain)), "d471362eaba3440c");
}

TEST(Record, AMarkHasTheseBytes) {
  std::string record;
  (void)append_record(record, {.lsn = 9, .durable_lsn = 9, .type = RecordType::mark}, {}, 5, 6, 48);
  EXPECT_EQ(hex(record),
            "bf5b4070bddaff55"  // header checksum
            "1488e7d00499c761"  // chain
            "0900000000000000"  // LSN
            "0900000000000000"  // durable LSN
            "00000000"          // payload length
            "02000000");        // type
}

TEST(Record, ValuesOfAllKindsHaveTheseBytes) {
  std::string bytes;
  append_change(bytes, {"k", Value{"a"}});
  append_change(bytes, {"k", Value{Binary{{"\0\xff", 2}}}});
  append_change(bytes, {"k", Value{std::int64_t{-2}}});
  append_change(bytes, {"k", Value{1.5}});
  append_change(bytes, {"k", Value{true}});
  append_change(bytes, {"k", Value{""}});
  EXPECT_EQ(hex(bytes),
            "000100010000006b61"                // text
            "010100020000006b00ff"              // binary
            "020100080000006bfeffffffffffffff"  // integer
            "030100080000006b000000000000f83f"  // float
            "040100010000006b01"                // bool
            "000100000000006b");                // text of no length
}

TEST(Record, FilesAreNamedAfterTheirFirstLsn) {
  EXPECT_EQ(segment_name(1), "wal-00000000000000000001.log");
  EXPECT_EQ(segment_name(~Lsn{0}), "wal-18446744073709551615.log");
  EXPECT_EQ(segment_first_lsn("wal-00000000000000000123.log"), 123u);
  for (const char* other :
       {"wal-1.log", "wal-00000000000000000001.log.tmp", "wal-00000000000000000001.log.torn-48",
        "wal-0000000000000000000x.log", "wal-18446744073709551616.log", "wal-.log", "MANIFEST"}) {
    EXPECT_EQ(segment_first_lsn(other), std::nullopt) << other;
  }
}

// --- headers ---

TEST(Record, ASegmentHeaderSaysWhatIsWrongWithIt) {
  const auto good = make_segment_header(store, {.lsn = 6, .chain = 3}, 4);
  ASSERT_TRUE(read_segment_header(bytes_of(good)));
  EXPECT_EQ(read_segment_header(bytes_of(good))->first_lsn, 7u);
  const auto error = [](const SegmentHeader& header) {
    return read_segment_header(bytes_of(header)).error();
  };
  EXPECT_THAT(read_segment_header(bytes_of(good).substr(1)).error().message, HasSubstr("no whole"));
  auto other = good;
  other.magic[0] = 'K';
  EXPECT_THAT(error(other).message, HasSubstr("no segment"));
  other = good;
  ++other.first_lsn;
  EXPECT_THAT(error(other).message, HasSubstr("damaged"));
}

TEST(Record, AHeaderBelongsToItsOffsetItsSegmentAndItsStore) {
  const auto seed = segment_seed(make_segment_header(store, {.lsn = 6}, 0));
  std::string bytes(100, '\0');
  (void)append_record(bytes, {.lsn = 7}, payload(), 0, seed, 100);
  bytes.erase(0, 100);
  ASSERT_TRUE(read_record_header(bytes, 100, seed));
  EXPECT_EQ(read_record_header(bytes, 100, seed)->payload_bytes, payload().size());
  EXPECT_FALSE(read_record_header(bytes, 99, seed));
  EXPECT_FALSE(
      read_record_header(bytes, 100, segment_seed(make_segment_header(store, {.lsn = 7}, 0))));
  StoreId other = store;
  other[15] ^= 1;
  EXPECT_FALSE(
      read_record_header(bytes, 100, segment_seed(make_segment_header(other, {.lsn = 6}, 0))));
  EXPECT_FALSE(read_record_header(bytes.substr(0, 39), 100, seed));
  EXPECT_FALSE(read_record_header("", 100, seed));
}

TEST(Record, TheChainRunsOverHeaderPayloadAndWhatWasBefore) {
  const RecordHeader header{.lsn = 7, .durable_lsn = 6, .payload_bytes = 1};
  auto other = header;
  other.durable_lsn = 5;
  const auto chain = next_chain(header, "p", 1);
  EXPECT_NE(next_chain(other, "p", 1), chain);
  EXPECT_NE(next_chain(header, "q", 1), chain);
  EXPECT_NE(next_chain(header, "p", 2), chain);
}

// --- payloads ---

TEST(Record, APayloadIsReadBackChangeByChange) {
  EXPECT_EQ(changes_in(payload()), "table/s=000100040000007374657874; table/gone gone; ");
}

TEST(Record, APayloadThatIsCutOrLiesAboutALengthMakesNoSense) {
  const auto whole = payload();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const auto text = changes_in(whole.substr(0, cut));
    const bool at_a_change = cut == 7 || cut == 19;
    EXPECT_EQ(text == "no sense", !at_a_change) << cut;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {  // no length is believed beyond the end
    auto changed = whole;
    changed[at] = '\xff';
    (void)changes_in(changed);
  }
}

TEST(Record, AKindThatNoValueHasMakesNoSense) {
  std::string bytes;
  append_table(bytes, "t");
  bytes += std::string{"\x05\x01\0\0\0\0\0k", 8};
  EXPECT_EQ(changes_in(bytes), "no sense");
}

TEST(Record, ANumberOfTheWrongLengthMakesNoSense) {
  std::string bytes;
  append_table(bytes, "t");
  bytes += std::string{"\x02\x01\0\x01\0\0\0k1", 9};
  EXPECT_EQ(changes_in(bytes), "no sense");
}

}  // namespace
}  // namespace kv
