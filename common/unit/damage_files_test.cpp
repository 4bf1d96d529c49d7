// Every file of a data folder damaged, one at a time, in the ways of disks and of people: bits,
// sectors, lengths, files that are gone. And the two tools for it, --recover=truncate and
// kv-inspect, on all of that.

#include <algorithm>
#include <mutex>
#include <random>
#include <vector>

#include "damage.hpp"

namespace kv::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DamagedFiles : public Damage {
 protected:
  void SetUp() override { write_everything(); }

  bool is_exact(const Outcome& outcome) const {
    return outcome.lsn < states_.size() && outcome.contents == states_[outcome.lsn];
  }

  /// A refusal that says where, or all data.
  void expect_all_or_refusal(const Outcome& outcome) {
    if (outcome.refusal.empty()) {
      EXPECT_EQ(outcome.contents, states_.back());
    } else {
      EXPECT_THAT(outcome.refusal, HasSubstr(" is damaged at offset "));
    }
  }

  /// With --recover=truncate a start that is cut short anywhere costs nothing: the next one with
  /// that flag has the same.
  void cut_truncate_short() {
    auto folder = folder_.after_kill();
    std::mutex mutex;
    std::vector<SimulatedFolder> left;
    folder.set_hook([&](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
      const std::lock_guard lock{mutex};
      left.push_back(folder.after_kill());
      left.push_back(folder.after_power_loss(seed_ + static_cast<std::uint32_t>(operation.number)));
      return std::nullopt;
    });
    const auto contents = recover(folder, {.truncate = true, .limits = limits});
    folder.set_hook(nullptr);
    for (const auto& again : left)
      EXPECT_EQ(recover(again, {.truncate = true, .limits = limits}), contents);
  }

  void with(const std::string& name, const std::string& bytes, const std::function<void()>& check) {
    const auto before = folder_.bytes(name);
    folder_.put(name, bytes);
    check();
    folder_.put(name, before);
  }
};

TEST_F(DamagedFiles, AnyByteOfTheManifestThatChangesIsRefused) {
  flip_every_byte(manifest_name, [](const Outcome& outcome) {
    EXPECT_THAT(outcome.refusal, StartsWith("MANIFEST is damaged at offset 0: "));
  });
}

TEST_F(DamagedFiles, AByteThatChangesAnywhereLosesNothing) {
  const std::vector<int> one_flip{0x10};  // the log alone has had more (damage_test.cpp)
  for (const auto& name : segments())
    flip_every_byte(
        name, [&](const Outcome& outcome) { expect_noticed(outcome); }, one_flip);
  const auto expect_all_data = [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.refusal, "");
    EXPECT_EQ(outcome.contents, states_.back());
  };
  const auto expect_a_warning = [&](const Outcome& outcome) {
    expect_all_data(outcome);
    EXPECT_TRUE(outcome.noticed);
  };
  flip_every_byte(snapshots_[1], expect_a_warning, one_flip);
  flip_every_byte(snapshots_[0], expect_all_data, one_flip);  // nobody needs it
}

TEST_F(DamagedFiles, TwentyThousandFlippedBitsAreNoticedOrHarmless) {
  std::mt19937 random{seed_};
  const auto files = folder_.files();
  for (int flips = 0; flips < 20'000 && !HasFailure(); ++flips) {
    const auto& [name, bytes] =
        *std::next(files.begin(), static_cast<std::ptrdiff_t>(random() % files.size()));
    auto flipped = bytes;
    auto& byte = flipped[random() % bytes.size()];
    byte = static_cast<char>(byte ^ 1 << random() % 8);
    SCOPED_TRACE(name);
    with(name, flipped, [&] { expect_all_or_refusal(start()); });
  }
  EXPECT_GT(refused_, 0u);
}

TEST_F(DamagedFiles, ASectorOfZerosIsNoticedOrATornEnd) {
  for (const auto& [name, bytes] : folder_.files()) {
    for (std::size_t at = 0; at < bytes.size() && !HasFailure(); at += 512) {
      auto zeroed = bytes;
      const auto count = std::min<std::size_t>(512, bytes.size() - at);
      zeroed.replace(at, count, count, '\0');
      if (zeroed == bytes) continue;
      SCOPED_TRACE(name + " at " + std::to_string(at));
      with(name, zeroed, [&] {
        const auto outcome = start();
        EXPECT_TRUE(outcome.noticed || outcome.contents == states_.back());
        EXPECT_TRUE(!outcome.refusal.empty() || is_exact(outcome));
        check_tools(outcome);
      });
    }
  }
}

TEST_F(DamagedFiles, ASegmentThatIsCutGivesTheExactBeginningOrIsRefused) {
  for (const auto& name : segments()) {
    const auto whole = folder_.bytes(name);
    for (std::size_t cut = 0; cut < whole.size() && !HasFailure(); cut += 5) {
      SCOPED_TRACE(name + " cut at " + std::to_string(cut));
      const auto outcome = start_with(name, whole.substr(0, cut));
      if (!outcome.refusal.empty()) {
        EXPECT_THAT(outcome.refusal, HasSubstr(" is damaged at offset "));
      } else {
        EXPECT_TRUE(is_exact(outcome));
        EXPECT_GE(outcome.lsn, snapshot_lsn(snapshots_[1]));
      }
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(starts_, refused_);
}

TEST_F(DamagedFiles, ZerosAfterTheEndHarmNothing) {
  const auto name = segments().back();
  for (const std::size_t zeros : {1u, 512u, 4096u, 65536u}) {
    with(name, folder_.bytes(name) + std::string(zeros, '\0'), [&] {
      const auto outcome = start();
      EXPECT_EQ(outcome.refusal, "");
      EXPECT_EQ(outcome.contents, states_.back());
    });
  }
}

TEST_F(DamagedFiles, AManifestThatIsCutOrGoneIsRefusedAndTruncateHasAllData) {
  const auto whole = folder_.bytes(manifest_name);
  for (std::size_t cut = 0; cut <= whole.size() && !HasFailure(); ++cut) {
    if (cut < whole.size()) {
      folder_.put(manifest_name, whole.substr(0, cut));
    } else {
      folder_.erase(manifest_name);
    }
    const auto outcome = start();
    EXPECT_THAT(outcome.refusal, StartsWith("MANIFEST is damaged at offset 0: "));
    check_tools(outcome);
  }
}

TEST_F(DamagedFiles, ASnapshotThatIsCutOrGoneCostsNothing) {
  for (const auto& name : snapshots_) {
    const auto whole = folder_.bytes(name);
    for (std::size_t cut = 0; cut <= whole.size() && !HasFailure(); ++cut) {
      if (cut < whole.size()) {
        folder_.put(name, whole.substr(0, cut));
      } else {
        folder_.erase(name);
      }
      const auto outcome = start();
      EXPECT_EQ(outcome.refusal, "") << name << " cut at " << cut;
      EXPECT_EQ(outcome.contents, states_.back());
    }
    folder_.put(name, whole);
  }
}

TEST_F(DamagedFiles, ASegmentThatIsGoneIsRefusedUnlessASnapshotHasIt) {
  const Lsn named = read_manifest(folder_)->newest_segment;
  for (const auto& name : segments()) {
    const auto whole = folder_.bytes(name);
    folder_.erase(name);
    const auto outcome = start();
    if (*segment_first_lsn(name) > named && outcome.refusal.empty()) {
      EXPECT_TRUE(is_exact(outcome));  // killed before anything else told of it
    } else {
      expect_all_or_refusal(outcome);
    }
    check_tools(outcome);
    folder_.put(name, whole);
  }
  EXPECT_GT(refused_, 0u);
}

/// Where a snapshot is whole, truncate starts, also when that has nothing to go on from.
TEST_F(DamagedFiles, ALogWithoutItsBeginningGivesASnapshotToTruncate) {
  for (const auto& name : segments()) {
    SCOPED_TRACE(name);
    const auto whole = folder_.bytes(name);
    for (std::size_t cut = whole.size() * 3 / 4; cut > 0 && !HasFailure(); cut /= 3) {
      folder_.put(name, whole.substr(0, cut));
      check_tools(start());
      cut_truncate_short();
    }
    folder_.erase(name);
    const auto outcome = start();
    expect_all_or_refusal(outcome);
    check_tools(outcome);
    cut_truncate_short();
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(starts_, refused_);
}

}  // namespace
}  // namespace kv::test
