// What was written is read back; and what is not valid is torn, or damaged.

#include "disk/log_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "disk/log_writer.hpp"
#include "fixtures/figure.hpp"
#include "simulated_folder.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Kind = SimulatedFolder::Kind;

class LogReader : public testing::Test {
 protected:
  /// Three groups: of two records, of one of 700 bytes, and of none.
  void SetUp() override {
    auto writer = LogWriter::create(folder_, "log-5", log_magic, 5);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add(GroupType::changes, 5, 7, group({"a", "b"})));
    ends_.push_back(writer->bytes());
    ASSERT_TRUE(writer->add(GroupType::changes, 7, 8, group({std::string(700, 'c')})));
    ends_.push_back(writer->bytes());
    ASSERT_TRUE(writer->add(GroupType::changes, 8, 8));
    ASSERT_TRUE(writer->publish());
    ends_.push_back(writer->bytes());
    bytes_ = folder_.bytes("log-5");
  }

  static std::string group(const std::vector<std::string>& values) {
    auto group = empty_group();
    for (const auto& value : values) append_record(group, "t", std::vector{Entry{"k", value}});
    return group;
  }

  static LogContents read(const std::string& bytes) {
    auto log = read_log(bytes, log_magic);
    EXPECT_TRUE(log);
    return std::move(*log);
  }

  std::string flipped(std::size_t at) const {
    auto bytes = bytes_;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    return bytes;
  }

  SimulatedFolder folder_;
  std::vector<std::uint64_t> ends_{sizeof(FileHeader)};  // of the file header, and each group
  std::string bytes_;
};

TEST_F(LogReader, GivesBackWhatWasWritten) {
  const auto log = read(bytes_);
  EXPECT_EQ(log.header.first_lsn, 5u);
  EXPECT_EQ(log.next_lsn, 8u);
  EXPECT_TRUE(log.is_valid_to_the_end());
  std::vector<std::pair<Lsn, std::size_t>> found;
  for (const auto& group : log.groups) {
    ASSERT_TRUE(read_records(log.records(group), group.header.first_lsn,
                             [&](Lsn lsn, auto, const std::vector<Entry>& changes) {
                               found.emplace_back(lsn, value_bytes(*changes[0].value).size());
                             }));
  }
  EXPECT_THAT(found, ElementsAre(Pair(5, 1), Pair(6, 1), Pair(7, 700)));
}

TEST_F(LogReader, TakesWhatIsCutOffForTorn) {
  for (std::size_t bytes = sizeof(FileHeader); bytes < bytes_.size(); ++bytes) {
    const auto log = read(bytes_.substr(0, bytes));
    std::size_t whole = 0;
    while (ends_[whole + 1] <= bytes) ++whole;
    ASSERT_EQ(log.groups.size(), whole) << bytes;
    ASSERT_EQ(log.end_offset, ends_[whole]);
    ASSERT_FALSE(log.is_damaged);
  }
}

TEST_F(LogReader, RefusesAFileHeaderThatIsDamagedOrShort) {
  for (std::size_t at = 0; at < sizeof(FileHeader); ++at) {
    EXPECT_FALSE(read_log(flipped(at), log_magic)) << at;
    EXPECT_FALSE(read_log(bytes_.substr(0, at), log_magic)) << at;
  }
}

TEST_F(LogReader, TakesAFlipBeforeAnotherGroupForDamageAndInTheLastOneForTorn) {
  for (std::size_t at = sizeof(FileHeader); at < bytes_.size(); ++at) {
    const auto log = read(flipped(at));
    ASSERT_FALSE(log.is_valid_to_the_end()) << at;
    ASSERT_EQ(log.is_damaged, at < ends_[2]) << at;
  }
}

TEST_F(LogReader, TakesDamageForDamageAlsoWhereTheGroupBehindItIsTorn) {
  const auto cut = bytes_.substr(0, ends_[2] - 1);  // the second group has lost its last byte
  ASSERT_FALSE(read(cut).is_damaged);
  auto bytes = cut;
  bytes[ends_[0]] = static_cast<char>(bytes[ends_[0]] ^ 1);
  EXPECT_TRUE(read(bytes).is_damaged);
}

/// A group without records has the LSN of the one behind it.
TEST_F(LogReader, TakesDamageToAnEmptyGroupForDamage) {
  auto writer = LogWriter::create(folder_, "log-1", log_magic, 1);
  ASSERT_TRUE(writer && writer->add(GroupType::changes, 1, 1) &&
              writer->add(GroupType::changes, 1, 2, group({"a"})) && writer->publish());
  auto bytes = folder_.bytes("log-1");
  bytes[sizeof(FileHeader)] = static_cast<char>(bytes[sizeof(FileHeader)] ^ 1);
  EXPECT_TRUE(read(bytes).is_damaged);
}

/// A value that holds a group of another log, or of this log at another place, is none.
TEST_F(LogReader, TakesNoStoredValueForAGroup) {
  auto writer = LogWriter::create(folder_, "log-8", log_magic, 8);
  ASSERT_TRUE(writer && writer->add(GroupType::changes, 8, 9, group({bytes_})) &&
              writer->publish());
  auto bytes = folder_.bytes("log-8");
  bytes[sizeof(FileHeader)] = static_cast<char>(bytes[sizeof(FileHeader)] ^ 1);
  const auto log = read(bytes);
  EXPECT_TRUE(log.groups.empty());
  EXPECT_FALSE(log.is_damaged);
}

TEST_F(LogReader, LooksThroughALongTornEndInAMoment) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(read(bytes_ + std::string(16 * 1024 * 1024, '\xff')).is_damaged);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  figure("seconds_for_16_MiB", took.count());
  EXPECT_LT(took.count(), 10);
}

TEST_F(LogReader, AFileIsThereWholeOrNotAtAll) {
  std::vector<std::pair<Kind, std::string>> operations;
  SimulatedFolder folder;
  folder.set_hook([&](const auto& operation) {
    operations.emplace_back(operation.kind, operation.name);
    for (const auto& [name, bytes] : folder.after_power_loss(1).files()) {
      if (name == "log-1") {
        EXPECT_EQ(bytes.size(), sizeof(FileHeader));
      }
    }
    return false;
  });
  auto writer = LogWriter::create(folder, "log-1", log_magic, 1);
  ASSERT_TRUE(writer && writer->publish());
  EXPECT_EQ(folder.after_power_loss(1).bytes("log-1").size(), sizeof(FileHeader));
  EXPECT_THAT(operations,
              ElementsAre(Pair(Kind::create, "log-1.tmp"), Pair(Kind::write, "log-1.tmp"),
                          Pair(Kind::sync_file, "log-1.tmp"), Pair(Kind::rename, "log-1"),
                          Pair(Kind::sync_folder, "")));
}

}  // namespace
}  // namespace kv::test
