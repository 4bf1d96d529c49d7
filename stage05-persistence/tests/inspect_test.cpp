// What kv-inspect prints, and that it says of a folder what a start would say.

#include "disk/inspect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/fatal_error.hpp"
#include "disk/snapshot.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class InspectTest : public testing::Test {
 protected:
  void SetUp() override {
    OpenStore store{folder_};
    store.set_durably("a", "1");
    ASSERT_TRUE(store.memtable().set_many("t\n", {{"b", "2"}, {"\x1b[2J", "3"}}));
    ASSERT_TRUE(store.memtable().del("t", "a"));
    ASSERT_TRUE(store.store().close());
  }

  /// What it prints, and then the error that it ends with, if it does.
  std::string inspect(bool records = false) const {
    const auto before = folder_.operations();
    std::ostringstream out;
    try {
      inspect_folder(folder_, records, out);
    } catch (const FatalError& error) {
      out << "exit " << error.exit_status() << ": " << error.what();
    }
    EXPECT_EQ(folder_.operations(), before) << "it never writes";
    return out.str();
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
};

TEST_F(InspectTest, ListsTheFilesAndWhatAStartWouldRecover) {
  EXPECT_EQ(inspect(),
            "log-1: up to LSN 3, 3 groups, 212 of 212 bytes are valid\n"
            "snapshot: up to LSN 0, 1 groups, 96 of 96 bytes are valid\n"
            "a start would recover up to LSN 3\n");
}

TEST_F(InspectTest, ListsRecordsAndEscapesWhatClientsSent) {
  EXPECT_THAT(inspect(true), HasSubstr(" bytes are valid\n"
                                       "  LSN 1, table 't': 'a'\n"
                                       "  LSN 2, table 't\\x0a': 'b' '\\x1b[2J'\n"
                                       "  LSN 3, table 't': without 'a'\n"
                                       "snapshot: up to LSN 0, 1 groups, 96 of 96 bytes are valid\n"
                                       "a start would recover"));
}

TEST_F(InspectTest, TakesATornEndAsAStartDoes) {
  folder_.put("log-1", folder_.bytes("log-1") + "torn");
  EXPECT_THAT(inspect(), AllOf(HasSubstr("212 of 216 bytes are valid\n"), HasSubstr("up to LSN 3"),
                               Not(HasSubstr("exit"))));
}

TEST_F(InspectTest, SaysWhereAStartWouldRefuse) {
  auto bytes = folder_.bytes("log-1");
  bytes[40] = static_cast<char>(bytes[40] ^ 1);
  folder_.put("log-1", bytes);
  EXPECT_THAT(inspect(), AllOf(HasSubstr("32 of 212 bytes are valid"),
                               HasSubstr("exit 65: log-1: damaged at offset 32")));
  folder_.put("log-1", "x");
  EXPECT_THAT(inspect(), AllOf(HasSubstr("log-1: no whole header\n"), HasSubstr("exit 65: ")));
}

TEST_F(InspectTest, NeedsNoLogThatAStartDoesNotLookInto) {
  folder_ = SimulatedFolder{};
  OpenStore store{folder_};
  store.set_durably("a", "1");
  const auto old = folder_.bytes("log-1");
  ASSERT_TRUE(write_snapshot(folder_, store.memtable(), store.wal()));
  folder_.put("log-1", old);
  folder_.fail_read(folder_.reads() + 2, false);  // the first one is the list
  EXPECT_THAT(inspect(), AllOf(StartsWith("log-1: the simulated disk fails\n"),
                               EndsWith("a start would recover up to LSN 1\n")));
}

TEST_F(InspectTest, OfAnEmptyFolderSaysThatAStartWouldBeginOne) {
  folder_ = SimulatedFolder{};
  EXPECT_EQ(inspect(), "a start would recover up to LSN 0\n");
}

}  // namespace
}  // namespace kv::test
