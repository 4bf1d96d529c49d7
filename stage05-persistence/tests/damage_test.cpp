// Damage to a folder that a server has left: it is refused, or makes no difference. What it takes
// for a torn end, though it had been acknowledged, is the known limit of this stage.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fatal_error.hpp"
#include "disk/log_reader.hpp"
#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Damage : public testing::Test {
 protected:
  /// With a snapshot, and groups before and after it; then it is killed, or stops in order.
  void make_folder(bool stops) {
    OpenStore store{folder_, 3000};
    RandomCommands random{seed_};
    write_until_a_snapshot(folder_, store, random);
    for (int i = 0; i < 4; ++i) write(store, random);
    (void)store.store().close();  // waits for a snapshot, if one is due
    if (!stops) {
      OpenStore again{folder_};
      for (int i = 0; i < 5; ++i) write(again, random);
      contents_ = again.contents();
      before_last_ = contents_;
      again.set_durably("the last", "group");
      contents_ = again.contents();
    } else {
      contents_ = store.contents();
    }
  }

  static void write(OpenStore& store, RandomCommands& random) {
    ASSERT_TRUE(random.next(store.memtable()));
    ASSERT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
  }

  enum class Start { refused, identical, without_the_last, wrong };

  Start start(const SimulatedFolder& folder) const {
    try {
      const auto found = look(folder);
      return found == contents_      ? Start::identical
             : found == before_last_ ? Start::without_the_last
                                     : Start::wrong;
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
      return Start::refused;
    }
  }

  /// Flips each bit of each file, and counts what a start makes of it.
  std::map<Start, std::size_t> flip_each_bit() const {
    std::map<Start, std::size_t> count;
    for (const auto& [name, bytes] : folder_.files()) {
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        auto folder = folder_.after_kill();
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        folder.put(name, flipped);
        const auto found = start(folder);
        ++count[found];
        EXPECT_NE(found, Start::wrong) << name << ", bit " << bit;
      }
    }
    figure("refused", count[Start::refused]);
    figure("identical", count[Start::identical]);
    figure("taken_for_a_torn_end", count[Start::without_the_last]);
    return count;
  }

  std::string last_log() const {
    std::string name;
    for (const auto& [file, bytes] : folder_.files()) {
      if (first_lsn_of(file)) name = file;
    }
    return name;
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  SimulatedFolder folder_;
  Contents contents_, before_last_;
};

TEST_F(Damage, AfterAnOrderlyStopNoFlipIsSilent) {
  make_folder(true);
  auto count = flip_each_bit();
  EXPECT_GT(count[Start::refused], 0u);
  EXPECT_EQ(count[Start::without_the_last], 0u);
}

/// The limit: a flip in the last group after a kill looks like a write that a crash has torn.
TEST_F(Damage, AfterAKillAFlipInTheLastGroupPassesForATornEndAndNoOther) {
  make_folder(false);
  auto count = flip_each_bit();
  const auto log = read_log(folder_.bytes(last_log()), log_magic);
  ASSERT_TRUE(log);
  EXPECT_EQ(count[Start::without_the_last], 8 * (log->end_offset - log->groups.back().offset));
}

TEST_F(Damage, SaysWhichFileAndWhere) {
  for (const char* value : {"1", "2"}) OpenStore{folder_}.set_durably("k", value);
  auto bytes = folder_.bytes("log-1");
  bytes[sizeof(FileHeader)] = static_cast<char>(bytes[sizeof(FileHeader)] ^ 1);
  folder_.put("log-1", bytes);
  EXPECT_THAT(refusal(folder_), StartsWith("log-1: damaged at offset 32"));
}

TEST_F(Damage, SaysWhereTheSnapshotIsDamaged) {
  make_folder(true);
  auto bytes = folder_.bytes("snapshot");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.put("snapshot", bytes);
  EXPECT_THAT(refusal(folder_), StartsWith("snapshot: damaged at offset "));
}

TEST_F(Damage, AFileThatIsGoneIsNeverSilent) {
  for (const bool stops : {true, false}) {
    make_folder(stops);
    for (const auto& [name, bytes] : folder_.files()) {
      auto folder = folder_.after_kill();
      folder.erase(name);
      EXPECT_NE(start(folder), Start::wrong) << name;
      EXPECT_NE(start(folder), Start::without_the_last) << name;
    }
    folder_ = SimulatedFolder{};
  }
}

TEST_F(Damage, ALogOfANewStoreThatIsGoneIsNotSilent) {
  { OpenStore{folder_}.set_durably("k", "v"); }
  folder_.erase("log-1");
  EXPECT_THAT(refusal(folder_), StartsWith("log-1: "));
}

TEST_F(Damage, ALogThatShouldGoOnAndDoesNotIsRefused) {
  OpenStore store{folder_};
  store.set_durably("k", "1");
  ASSERT_TRUE(store.wal().begin_next_log());
  store.set_durably("k", "2");
  folder_.erase("log-2");
  EXPECT_THAT(refusal(folder_),
              AllOf(StartsWith("log-1: "), HasSubstr("log-2 should go on from here")));
}

TEST_F(Damage, AnotherFilesBytesAreRefused) {
  make_folder(true);
  folder_.put(last_log(), folder_.bytes("snapshot"));
  EXPECT_THAT(refusal(folder_), HasSubstr("no file of this format"));
}

TEST_F(Damage, AFileHeaderThatIsCutIsRefused) {
  make_folder(true);
  folder_.put(last_log(), "kv5log 1");
  EXPECT_THAT(refusal(folder_), HasSubstr("no whole header"));
}

}  // namespace
}  // namespace kv::test
