// Exercise 3: all files are read while the server serves.

#include "disk/scrub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "captured_log.hpp"
#include "contents.hpp"
#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"
#include "disk/snapshot.hpp"
#include "open_log.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

/// LSN 1 to 20, in several segments, and a snapshot.
class Scrub : public testing::Test {
 protected:
  void SetUp() override {
    memtable_.observe({&log_.wal()});
    for (int i = 0; i < 20; ++i) set_durably(std::string(500, 'v'));
    ASSERT_TRUE(write_snapshot(folder_, OpenLog::store_id, memtable_, log_.wal()));
    ASSERT_GE(segments_in(folder_).size(), 3u);
  }

  void set_durably(const std::string& value) {
    ASSERT_TRUE(memtable_.set("t", {"key", Value{value}}));
    ASSERT_TRUE(log_.wal().make_durable(log_.wal().last_lsn()));
  }

  std::vector<std::string> scrub_all(const Folder& folder) {
    return scrub(folder, OpenLog::store_id, log_.wal());
  }

  void damage(const std::string& name, std::size_t at) {
    auto bytes = folder_.bytes(name);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    folder_.put(name, bytes);
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  OpenLog log_{folder_};
  MemTable memtable_{any_answer()};
};

/// A folder in which a file is gone as soon as it was listed.
class Vanishing : public SimulatedFolder {
 public:
  Vanishing(const SimulatedFolder& folder, std::string name)
      : SimulatedFolder{folder}, name_{std::move(name)} {}

  Result<std::vector<std::string>> list() const override {
    auto names = SimulatedFolder::list();
    if (names && !std::exchange(listed_, true)) names->push_back(name_);
    return names;
  }

 private:
  const std::string name_;
  mutable bool listed_ = false;
};

TEST_F(Scrub, FindsNothingWhereAllIsWell) { EXPECT_THAT(scrub_all(folder_), IsEmpty()); }

TEST_F(Scrub, FindsNothingWhileSegmentsChange) {
  std::atomic<bool> done = false;
  std::jthread writer{[&] {
    for (int i = 0; i < 100; ++i) set_durably(std::string(500, 'w'));
    done = true;
  }};
  while (!done) EXPECT_THAT(scrub_all(folder_), IsEmpty());
}

TEST_F(Scrub, FindsDamageInAnOlderSegment) {
  const auto name = segments_in(folder_)[1];
  damage(name, sizeof(SegmentHeader) + 100);
  EXPECT_THAT(scrub_all(folder_), ElementsAre(StartsWith(name)));
}

TEST_F(Scrub, FindsADamagedHeader) {
  const auto name = segments_in(folder_)[1];
  damage(name, 10);
  EXPECT_THAT(scrub_all(folder_), ElementsAre(StartsWith(name)));
}

TEST_F(Scrub, FindsDamageInWhatIsDurableOfTheNewestSegment) {
  const auto name = segments_in(folder_).back();
  damage(name, sizeof(SegmentHeader) + 100);
  EXPECT_THAT(scrub_all(folder_), ElementsAre(StartsWith(name)));
}

TEST_F(Scrub, FindsADamagedSnapshot) {
  damage(snapshot_name(20), 100);
  EXPECT_THAT(scrub_all(folder_), ElementsAre(StartsWith(snapshot_name(20))));
}

TEST_F(Scrub, TakesNothingForDamageThatIsStillBeingWritten) {
  const auto name = segments_in(folder_).back();
  const auto bytes = folder_.bytes(name);
  const auto newest = read_segment(bytes, *read_segment_header(bytes), [](auto, auto&, auto) {});
  auto half = bytes;
  half.replace(newest.end_offset, 5, "torn!");
  folder_.put(name, half);
  EXPECT_THAT(scrub_all(folder_), IsEmpty());
}

TEST_F(Scrub, TakesNothingForDamageThatWasRemovedMeanwhile) {
  const auto oldest = segments_in(folder_).front();
  folder_.erase(oldest);
  for (const auto& name : {oldest, snapshot_name(7)})
    EXPECT_THAT(scrub_all(Vanishing{folder_, name}), IsEmpty()) << name;
}

TEST_F(Scrub, TellsOfAFileThatCannotBeRead) {
  auto damaged = folder_;
  damaged.fail_read(folder_.reads() + 3, false);
  EXPECT_THAT(scrub_all(damaged), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace kv::test
