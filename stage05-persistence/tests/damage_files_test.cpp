// Every file of a data folder damaged, one at a time, in the ways of disks and of people: bits,
// sectors, lengths, files that are gone. And the two tools for it, --recover=truncate and
// kv-inspect, on all of that.

#include <algorithm>
#include <random>
#include <sstream>

#include "damage.hpp"
#include "inspect.hpp"

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

  /// A refusal, or all data.
  void expect_all_or_refusal(const Outcome& outcome) {
    if (outcome.refusal.empty()) {
      EXPECT_EQ(outcome.contents, states_.back());
    } else {
      ++refused_;
    }
  }

  /// kv-inspect says of the folder as it is now what the server would, and --recover=truncate finds
  /// an exact beginning, unless nothing says whose data it is.
  void check_tools() {
    std::ostringstream out;
    std::string inspected;
    try {
      inspect_folder(folder_, false, out);
    } catch (const StartError& error) {
      inspected = error.what();
    }
    EXPECT_EQ(inspected, start(folder_).refusal);
    const auto truncated = start(folder_, true);
    if (truncated.refusal.empty()) {
      EXPECT_TRUE(is_exact(truncated)) << "LSN " << truncated.lsn;
    } else {
      EXPECT_THAT(truncated.refusal, HasSubstr("no whole snapshot reaches it"));
    }
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
  for (const auto& name : segments())
    flip_every_byte(name, [&](const Outcome& outcome) { expect_noticed(outcome); });
  flip_every_byte(snapshots_[1], [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.refusal, "");
    EXPECT_EQ(outcome.contents, states_.back());
    EXPECT_TRUE(outcome.noticed);
  });
  flip_every_byte(snapshots_[0], [&](const Outcome& outcome) {  // nobody needs it
    EXPECT_EQ(outcome.refusal, "");
    EXPECT_EQ(outcome.contents, states_.back());
  });
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
    with(name, flipped, [&] {
      expect_all_or_refusal(start(folder_));
      if (flips % 20 == 0) check_tools();
    });
  }
  EXPECT_GT(refused_, 0u);
  std::cout << "20000 flips, " << refused_ << " refused, no silent difference\n";
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
        const auto outcome = start(folder_);
        EXPECT_TRUE(outcome.noticed || outcome.contents == states_.back());
        EXPECT_TRUE(!outcome.refusal.empty() || is_exact(outcome));
        check_tools();
      });
    }
  }
}

TEST_F(DamagedFiles, ZerosAfterTheEndHarmNothing) {
  const auto name = segments().back();
  for (const std::size_t zeros : {1u, 512u, 4096u, 65536u}) {
    with(name, folder_.bytes(name) + std::string(zeros, '\0'), [&] {
      const auto outcome = start(folder_);
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
    EXPECT_THAT(start(folder_).refusal, StartsWith("MANIFEST is damaged at offset 0: "));
    EXPECT_EQ(start(folder_, true).contents, states_.back());
    check_tools();
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
      const auto outcome = start(folder_);
      EXPECT_EQ(outcome.refusal, "") << name << " cut at " << cut;
      EXPECT_EQ(outcome.contents, states_.back());
    }
    folder_.put(name, whole);
  }
}

TEST_F(DamagedFiles, ASegmentThatIsGoneIsRefusedUnlessASnapshotHasIt) {
  for (const auto& name : segments()) {
    const auto whole = folder_.bytes(name);
    folder_.erase(name);
    expect_all_or_refusal(start(folder_));
    check_tools();
    folder_.put(name, whole);
  }
  EXPECT_GT(refused_, 0u);
}

}  // namespace
}  // namespace kv::test
