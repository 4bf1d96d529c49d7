// The bytes of logs and snapshots, without a disk.

#include "disk/log_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "disk/checksum.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Record {
  Lsn lsn;
  std::string table;
  std::vector<Entry> changes;
  bool operator==(const Record&) const = default;
};

const std::vector<Entry> of_all_kinds{
    {"text", "v"}, {"zeros", std::string(3, '\0')}, {"", Value{std::int64_t{-1}}}, {"half", 0.5},
    {"yes", true}, {"removed", std::nullopt}};

class LogFormat : public testing::Test {
 protected:
  static std::optional<std::vector<Record>> read(std::string_view records, Lsn first_lsn = 1) {
    std::vector<Record> found;
    const auto add = [&](Lsn lsn, std::string_view table, const std::vector<Entry>& changes) {
      found.push_back({lsn, std::string{table}, changes});
    };
    return read_records(records, first_lsn, add) ? std::optional{found} : std::nullopt;
  }

  std::string sealed(std::uint64_t offset) const {
    auto group = empty_group();
    append_record(group, "t", of_all_kinds);
    seal_group(group, {.first_lsn = 7, .next_lsn = 8, .type = GroupType::goes_on}, file_, offset);
    return group;
  }

  const FileHeader file_ = make_file_header(log_magic, 7);
};

TEST_F(LogFormat, NamesALogByItsFirstLsn) {
  EXPECT_EQ(log_name(12), "log-12");
  EXPECT_EQ(first_lsn_of("log-12"), 12u);
  const auto most = std::numeric_limits<Lsn>::max();
  EXPECT_EQ(first_lsn_of(log_name(most)), most);
  for (const char* name : {"log-", "log-0", "log-012", "log-12.tmp", "log-12.torn-40", "log--1",
                           "xlog-12", "log-99999999999999999999", "snapshot"})
    EXPECT_EQ(first_lsn_of(name), std::nullopt) << name;
}

TEST_F(LogFormat, GivesBackRecordsWithTheirLsns) {
  std::string records;
  append_record(records, "t", of_all_kinds);
  append_record(records, "", {});
  EXPECT_THAT(*read(records, 5), ElementsAre(Record{5, "t", of_all_kinds}, Record{6, "", {}}));
  EXPECT_THAT(*read(""), IsEmpty());
}

TEST_F(LogFormat, TakesNoPartOfARecordForOne) {
  std::string record;
  append_record(record, "t", of_all_kinds);
  for (std::size_t bytes = 1; bytes < record.size(); ++bytes)
    EXPECT_FALSE(read(std::string_view{record}.substr(0, bytes))) << bytes;
}

TEST_F(LogFormat, ReadsAnythingWithoutHarm) {
  std::string record;
  append_record(record, "t", of_all_kinds);
  for (std::size_t bit = 0; bit < 8 * record.size(); ++bit) {
    auto flipped = record;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    (void)read(flipped);
  }
}

TEST_F(LogFormat, GivesBackAGroupsHeader) {
  const auto group = sealed(100);
  const auto header = read_group_header(group, file_, 100);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->first_lsn, 7u);
  EXPECT_EQ(header->next_lsn, 8u);
  EXPECT_EQ(header->type, GroupType::goes_on);
  EXPECT_EQ(header->records_bytes, group.size() - sizeof(GroupHeader));
  EXPECT_EQ(header->records_checksum,
            checksum(std::string_view{group}.substr(sizeof(GroupHeader)), 0));
}

TEST_F(LogFormat, KnowsAGroupAtItsOffsetInItsFileOnly) {
  const auto group = sealed(100);
  EXPECT_FALSE(read_group_header(group, file_, 101));
  EXPECT_FALSE(read_group_header(group, make_file_header(log_magic, 7), 100)) << "another id";
  EXPECT_FALSE(read_group_header(group.substr(0, sizeof(GroupHeader) - 1), file_, 100));
}

TEST_F(LogFormat, KnowsAFlippedBitOfAHeader) {
  const auto group = sealed(100);
  const std::string file{reinterpret_cast<const char*>(&file_), sizeof(file_)};
  EXPECT_TRUE(read_file_header(file, log_magic));
  for (std::size_t bit = 0; bit < 8 * sizeof(GroupHeader); ++bit) {
    auto flipped = group;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(read_group_header(flipped, file_, 100)) << bit;
    if (bit >= 8 * file.size()) continue;
    flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(read_file_header(flipped, log_magic)) << bit;
  }
}

}  // namespace
}  // namespace kv::test
