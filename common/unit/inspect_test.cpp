// What kv-inspect prints of a data folder.

#include "disk/inspect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/fatal_error.hpp"
#include "captured_log.hpp"
#include "disk/manifest.hpp"
#include "recovered_log.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string first_segment = segment_name(1);

class InspectTest : public testing::Test {
 protected:
  /// Two records, of 54 bytes each; a mark of 40 follows each.
  void run_store(bool orderly) {
    OpenLog log{folder_};
    log.set_durably("a", "one");
    log.set_durably("b", "two");
    if (orderly) {
      ASSERT_TRUE(log.wal().close());
    }
  }

  void write_snapshot_of_it() {
    RecoveredLog log{folder_};
    ASSERT_TRUE(write_snapshot(folder_, OpenLog::store_id, log.memtable(), log.wal()));
  }

  /// What is printed; it expects that nothing is changed.
  std::string print(bool records = false) {
    std::ostringstream out;
    const auto operations = folder_.operations();
    try {
      inspect_folder(folder_, records, out);
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged));
      refusal_ = error.what();
    }
    EXPECT_EQ(folder_.operations(), operations);
    return out.str();
  }

  void flip(const std::string& name, std::size_t offset) {
    auto bytes = folder_.bytes(name);
    bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
    folder_.put(name, bytes);
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
  std::string refusal_;  // of the start
};

TEST_F(InspectTest, PrintsAStoreThatWasStoppedInOrder) {
  run_store(true);
  EXPECT_EQ(print(), "MANIFEST: newest segment 1, clean stop at LSN 2\n" + first_segment +
                         ": 2 records, LSN 1 to 2, 252 of 252 bytes, clean\n"
                         "a start would recover up to LSN 2 (clean stop)\n");
}

TEST_F(InspectTest, PrintsAStoreThatWasKilled) {
  run_store(false);
  EXPECT_EQ(print(), "MANIFEST: newest segment 1, in use, or not stopped\n" + first_segment +
                         ": 2 records, LSN 1 to 2, 252 of 1088 bytes, clean\n"
                         "a start would recover up to LSN 2\n");
}

TEST_F(InspectTest, ListsTheRecordsWithWhatTheyChange) {
  run_store(true);
  {
    RecoveredLog log{folder_};
    ASSERT_TRUE(log.memtable().set_many("t\n", {{"c", "3"}, {"d", "4"}}));
    ASSERT_TRUE(log.memtable().del("t", "a"));
    ASSERT_TRUE(log.wal().close());
  }
  const auto printed = print(true);
  EXPECT_THAT(printed, HasSubstr("\n          64  LSN 1, durable 0, table 't': 'a'\n"
                                 "         118  LSN 1, durable 1, mark\n"
                                 "         158  LSN 2, durable 1, table 't': 'b'\n"));
  EXPECT_THAT(printed, HasSubstr(", table 't\\x0a': 'c' 'd'\n")) << "fit for a line";
  EXPECT_THAT(printed, HasSubstr(", table 't': without 'a'\n"));
  EXPECT_THAT(print(false), Not(HasSubstr("durable")));
}

TEST_F(InspectTest, PrintsATornTailAndWhereAStartWouldEnd) {
  run_store(false);
  folder_.put(first_segment, folder_.bytes(first_segment).substr(0, 170));
  EXPECT_THAT(print(), AllOf(HasSubstr(": 1 records, LSN 1 to 1, 158 of 170 bytes, torn\n"),
                             EndsWith("a start would recover up to LSN 1\n")));
  EXPECT_EQ(refusal_, "");
}

TEST_F(InspectTest, PrintsDamageAndThrowsWhatAStartWould) {
  run_store(false);
  flip(first_segment, 162);
  EXPECT_THAT(print(), AllOf(HasSubstr(": 1 records, LSN 1 to 1, 158 of 1088 bytes, corrupt\n"),
                             Not(HasSubstr("a start would recover"))));
  EXPECT_EQ(refusal_, refusal(folder_));
  EXPECT_THAT(refusal_, StartsWith(first_segment + " is damaged at offset 158"));
}

TEST_F(InspectTest, PrintsASegmentWithoutAHeader) {
  run_store(false);
  flip(first_segment, 0);
  EXPECT_THAT(print(), HasSubstr(first_segment + ": no segment of a log\n"));
  EXPECT_EQ(refusal_, refusal(folder_));
}

TEST_F(InspectTest, PrintsASnapshot) {
  run_store(true);
  write_snapshot_of_it();
  EXPECT_THAT(print(), HasSubstr(snapshot_name(2) + ": 2 rows, up to LSN 2\n"));
}

TEST_F(InspectTest, PrintsWhatIsWrongWithASnapshotAndThatAStartGoesOnWithoutIt) {
  run_store(true);
  write_snapshot_of_it();
  flip(snapshot_name(2), 60);
  EXPECT_THAT(print(), AllOf(HasSubstr(snapshot_name(2) + ": damaged chunk at offset 40\n"),
                             HasSubstr("warning: " + snapshot_name(2)),
                             HasSubstr("a start would recover up to LSN 2")));
  EXPECT_EQ(refusal_, "");
}

TEST_F(InspectTest, PrintsTheLogAlsoWithoutAManifest) {
  run_store(false);
  folder_.erase(manifest_name);
  EXPECT_THAT(print(), StartsWith(first_segment + ": 2 records"));
  EXPECT_THAT(refusal_, StartsWith("MANIFEST is damaged at offset 0: it is missing"));
}

TEST_F(InspectTest, PrintsThatAnEmptyFolderGivesNothing) {
  EXPECT_EQ(print(), "a start would recover up to LSN 0\n");
}

}  // namespace
}  // namespace kv::test
