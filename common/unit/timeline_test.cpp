// Copies of one store that went their own ways, and whose files come together again; and damage in
// what a snapshot makes up for. A start gives a state that was, all of it, or refuses: never a
// mixture, never less without a word. kv-inspect says the same.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "damage.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using NamedBytes = std::pair<std::string, std::string>;

/// A store of one timeline. What its values are tells whose they are.
struct Branch {
  std::string word;
  SimulatedFolder folder;
  std::vector<Contents> states{{}};       // by LSN
  std::map<Lsn, NamedBytes> snapshots{};  // taken at each LSN, and taken away again

  static constexpr Wal::Limits limits{.segment_bytes = 700, .reserve_bytes = 652};

  /// Starts, writes up to this LSN, and is killed.
  void write_up_to(Lsn last, const Store::Settings& settings = {.limits = limits}) {
    OpenStore store{folder, settings};
    states.resize(store.wal().last_lsn() + 1);
    states.back() = store.contents();
    while (store.wal().last_lsn() < last) {
      const auto text = word + std::to_string(store.wal().last_lsn() + 1000);
      store.set_durably("key" + std::to_string(store.wal().last_lsn() % 10), text);
      states.push_back(store.contents());
      const auto written =
          write_snapshot(folder, read_manifest(folder)->store, store.memtable(), store.wal());
      ASSERT_TRUE(written);
      const auto name = snapshot_name(written->lsn);
      snapshots[written->lsn] = {name, folder.bytes(name)};
      folder.erase(name);
    }
    store.wal().wait_for_manifest();  // or it may name the segment before the newest still
  }

  void put(const NamedBytes& file) { folder.put(file.first, file.second); }
  void put_snapshot(Lsn lsn) { put(snapshots.at(lsn)); }

  std::vector<std::string> segments() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : folder.files()) {
      if (segment_first_lsn(name)) names.push_back(name);
    }
    return names;
  }

  bool had(Lsn lsn, const Contents& contents) const {
    return lsn < states.size() && states[lsn] == contents;
  }
};

/// A record in a folder.
struct Place {
  std::string segment;
  std::size_t offset;
  RecordHeader header;
};

std::vector<Place> places(const SimulatedFolder& folder) {
  std::vector<Place> found;
  for (const auto& file : folder.files()) {
    if (!segment_first_lsn(file.first)) continue;
    (void)read_segment(file.second, *read_segment_header(file.second),
                       [&](auto offset, const RecordHeader& header, auto) {
                         found.push_back({file.first, offset, header});
                       });
  }
  return found;
}

Place changes_at(const SimulatedFolder& folder, Lsn lsn) {
  for (const auto& place : places(folder)) {
    if (place.header.lsn == lsn && place.header.type == RecordType::changes) return place;
  }
  throw std::logic_error{"no such record"};
}

void flip(SimulatedFolder& folder, const std::string& name, std::size_t offset) {
  auto bytes = folder.bytes(name);
  bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 0x10);
  folder.put(name, bytes);
}

void flip(SimulatedFolder& folder, const Place& place, std::size_t offset = 20) {
  flip(folder, place.segment, place.offset + offset);
}

/// `ours` has LSN 1 to 20. `fork` is a copy of it, made at LSN 10, which was killed there as ours
/// was; it goes on to LSN 24. Segments of both begin at 1, 7, 11 and so on.
class Timelines : public testing::Test {
 protected:
  void SetUp() override {
    ours_.write_up_to(10);
    fork_ = ours_;
    fork_.word = "fork";
    fork_.folder = ours_.folder.after_kill();
    ours_.write_up_to(20);
    fork_.write_up_to(24);
    ASSERT_GE(ours_.segments().size(), 4u);
  }

  std::string inspected(const SimulatedFolder& folder) {
    std::ostringstream out;
    try {
      inspect_folder(folder, false, out);
    } catch (const FatalError& error) {
      return error.what();
    }
    return {};
  }

  /// What a start makes of it: a state that was in one of the timelines, or a refusal. Real starts
  /// do the same, also a second one; so does kv-inspect.
  Outcome start(const SimulatedFolder& folder) {
    const auto outcome = outcome_of(folder);
    EXPECT_EQ(inspected(folder), outcome.refusal);
    if (outcome.refusal.empty()) {
      EXPECT_TRUE(was(outcome.lsn, outcome.contents)) << "at LSN " << outcome.lsn;
      const auto folder_of_start = folder.after_kill();
      EXPECT_EQ(recover(folder_of_start, {.limits = Branch::limits}), outcome.contents);
      EXPECT_EQ(recover(folder_of_start, {.limits = Branch::limits}), outcome.contents);
    }
    return outcome;
  }

  /// With --recover=truncate: a state of one timeline, which the next start finds without that; or
  /// the text of the refusal.
  std::string truncate(const SimulatedFolder& folder, Contents* contents = nullptr) {
    const auto cut = folder.after_kill();
    try {
      OpenStore store{cut, {.truncate = true, .limits = Branch::limits}};
      EXPECT_TRUE(was(store.wal().last_lsn(), store.contents()))
          << "at LSN " << store.wal().last_lsn();
      if (contents) *contents = store.contents();
    } catch (const FatalError& error) {
      return error.what();
    }
    EXPECT_EQ(outcome_of(cut).refusal, "");
    return {};
  }

  bool was(Lsn lsn, const Contents& contents) const {
    return std::ranges::any_of(timelines(),
                               [&](const Branch* one) { return one->had(lsn, contents); });
  }

  std::vector<const Branch*> timelines() const {
    std::vector<const Branch*> all{&ours_, &fork_};
    if (restored_) all.push_back(&*restored_);
    return all;
  }

  void expect_refused(const SimulatedFolder& folder, const std::string& text = "") {
    const auto outcome = start(folder);
    EXPECT_THAT(outcome.refusal, HasSubstr(text));
    EXPECT_NE(outcome.refusal, "") << "LSN " << outcome.lsn;
    (void)truncate(folder);
  }

  /// All of ours, and a word about what is wrong.
  void expect_ours(const SimulatedFolder& folder) {
    const auto outcome = start(folder);
    EXPECT_EQ(outcome.refusal, "");
    EXPECT_EQ(outcome.contents, ours_.states[20]);
    EXPECT_TRUE(outcome.noticed);
    Contents contents;
    EXPECT_EQ(truncate(folder, &contents), "");
    EXPECT_EQ(contents, ours_.states[20]);
  }

  /// A new folder with one snapshot of ours, which then goes its own way up to an LSN.
  Branch& restore(Lsn snapshot, Lsn last) {
    restored_ = Branch{.word = "restored", .folder = SimulatedFolder{}};
    restored_->put(ours_.snapshots.at(snapshot));
    (void)recover(restored_->folder, {.truncate = true, .limits = Branch::limits});
    restored_->states.assign(ours_.states.begin(),
                             ours_.states.begin() + static_cast<std::ptrdiff_t>(snapshot) + 1);
    restored_->write_up_to(last);
    return *restored_;
  }

  const CapturedLog quiet_;
  Branch ours_{.word = "ours", .folder = SimulatedFolder{}};
  Branch fork_{.word = "fork", .folder = SimulatedFolder{}};
  std::optional<Branch> restored_;
};

// --- two timelines ---

TEST_F(Timelines, ThatAreWholeAreTakenWithoutAWord) {
  for (Branch* branch : {&ours_, &fork_}) {
    branch->put_snapshot(8);
    branch->put_snapshot(14);
    const auto outcome = start(branch->folder);
    EXPECT_EQ(outcome.contents, branch->states.back());
    EXPECT_FALSE(outcome.noticed);
  }
}

TEST_F(Timelines, ARestoredSnapshotBesideOneOldSegmentIsRefused) {
  for (const Lsn last : {Lsn{16}, Lsn{20}, Lsn{40}}) {
    for (const auto& name : ours_.segments()) {
      auto& restored = restore(14, last);
      if (restored.folder.files().contains(name)) continue;
      restored.folder.put(name, ours_.folder.bytes(name));
      SCOPED_TRACE(name + " beside LSN 15 to " + std::to_string(last));
      expect_refused(restored.folder);
    }
  }
}

TEST_F(Timelines, ARestoredSnapshotBesideOneOldSegmentThatAllSnapshotsCoverIsRefusedOrExact) {
  for (const auto& name : ours_.segments()) {
    auto& restored = restore(14, 40);
    restored.put_snapshot(32);
    restored.put_snapshot(39);
    if (restored.folder.files().contains(name)) continue;
    restored.folder.put(name, ours_.folder.bytes(name));
    SCOPED_TRACE(name);
    expect_refused(restored.folder, "of another timeline");
  }
}

TEST_F(Timelines, ARestoredSnapshotBesideTheWholeOldLogIsRefused) {
  for (const Lsn snapshot : {Lsn{10}, Lsn{14}, Lsn{16}, Lsn{20}}) {
    for (const bool newer : {false, true}) {
      auto& restored = restore(snapshot, 30);
      if (newer) restored.put_snapshot(28);
      for (const auto& name : ours_.segments()) {
        if (!restored.folder.files().contains(name))
          restored.folder.put(name, ours_.folder.bytes(name));
      }
      SCOPED_TRACE(std::to_string(snapshot) + (newer ? ", and a newer one" : ""));
      expect_refused(restored.folder);
    }
  }
}

TEST_F(Timelines, ASnapshotOfAForkAtAnLsnThatTheLogHasIsRefusedAlsoByTruncate) {
  for (Lsn lsn = 11; lsn <= 20; ++lsn) {
    auto folder = ours_.folder.after_kill();
    const auto& [name, bytes] = fork_.snapshots.at(lsn);
    folder.put(name, bytes);
    SCOPED_TRACE(name);
    expect_refused(folder, "timeline");
    EXPECT_THAT(truncate(folder), HasSubstr("timeline"));
  }
}

TEST_F(Timelines, ASnapshotFromBeforeTheForkIsOneOfBoth) {
  for (Lsn lsn = 1; lsn <= 10; ++lsn) {
    auto folder = fork_.folder.after_kill();
    const auto& [name, bytes] = ours_.snapshots.at(lsn);
    folder.put(name, bytes);
    EXPECT_EQ(start(folder).contents, fork_.states[24]);
  }
}

TEST_F(Timelines, ASnapshotOfAForkThatIsNewerThanTheLogIsRefused) {
  for (const Lsn lsn : {Lsn{21}, Lsn{22}, Lsn{24}}) {
    auto folder = ours_.folder.after_kill();
    const auto& [name, bytes] = fork_.snapshots.at(lsn);
    folder.put(name, bytes);
    expect_refused(folder, "was durable");
  }
}

TEST_F(Timelines, AnOlderSnapshotOfAForkIsNoticedAndSetAside) {
  for (Lsn lsn = 11; lsn < 19; ++lsn) {
    ours_.put_snapshot(19);
    auto folder = ours_.folder.after_kill();
    const auto& [name, bytes] = fork_.snapshots.at(lsn);
    folder.put(name, bytes);
    SCOPED_TRACE(name);
    expect_ours(folder);
    EXPECT_THAT(check_unread(folder, read_folder(folder, false)).damaged_snapshots, Contains(name));
  }
}

TEST_F(Timelines, AnOlderSnapshotOfAForkIsNoticedWhereTheLogBeginsRightAfterIt) {
  ours_.put_snapshot(19);
  int tried = 0;
  for (const auto& segment : ours_.segments()) {
    const Lsn lsn = *segment_first_lsn(segment) - 1;
    if (lsn <= 10 || lsn >= 19) continue;
    auto folder = ours_.folder.after_kill();
    for (const auto& older : ours_.segments())
      if (older < segment) folder.erase(older);
    const auto& [name, bytes] = fork_.snapshots.at(lsn);
    folder.put(name, bytes);
    SCOPED_TRACE(name);
    ++tried;
    expect_ours(folder);
    EXPECT_THAT(check_unread(folder, read_folder(folder, false)).damaged_snapshots, Contains(name));
  }
  EXPECT_GT(tried, 0);
}

TEST_F(Timelines, ASegmentOfAForkInPlaceOfOursIsRefused) {
  int tried = 0;
  for (const auto& name : ours_.segments()) {
    if (!fork_.folder.files().contains(name)) continue;
    if (fork_.folder.bytes(name) == ours_.folder.bytes(name)) continue;
    for (const Lsn snapshot : {Lsn{0}, Lsn{8}, Lsn{14}, Lsn{19}}) {
      auto folder = ours_.folder.after_kill();
      folder.put(name, fork_.folder.bytes(name));
      if (snapshot > 0)
        folder.put(ours_.snapshots.at(snapshot).first, ours_.snapshots.at(snapshot).second);
      SCOPED_TRACE(name + ", snapshot at " + std::to_string(snapshot));
      ++tried;
      expect_refused(folder);
    }
  }
  EXPECT_GT(tried, 3);
}

TEST_F(Timelines, SegmentsOfBothAreRefused) {
  for (const Lsn snapshot : {Lsn{0}, Lsn{8}, Lsn{14}, Lsn{19}}) {
    for (const bool ours_first : {false, true}) {
      const Branch& first = ours_first ? ours_ : fork_;
      const Branch& second = ours_first ? fork_ : ours_;
      auto folder = first.folder.after_kill();
      for (const auto& name : second.segments()) {
        if (!folder.files().contains(name)) folder.put(name, second.folder.bytes(name));
      }
      if (folder.files() == first.folder.files()) continue;  // all of them have the same names
      if (snapshot > 0)
        folder.put(first.snapshots.at(snapshot).first, first.snapshots.at(snapshot).second);
      expect_refused(folder);
    }
  }
}

TEST_F(Timelines, TheManifestOfAForkNeverMakesAnythingElse) {
  auto folder = ours_.folder.after_kill();
  folder.put(manifest_name, fork_.folder.bytes(manifest_name));
  const auto outcome = start(folder);
  if (outcome.refusal.empty()) {
    EXPECT_EQ(outcome.contents, ours_.states[20]);
  }
  {
    OpenStore store{fork_.folder, {.limits = Branch::limits}};
    ASSERT_TRUE(store.store().close());
  }
  folder.put(manifest_name, fork_.folder.bytes(manifest_name));
  expect_refused(folder);  // LSN 24 was durable
}

// --- what was cut off comes back ---

TEST_F(Timelines, ATornEndThatIsPutBackBesideWhatWasWrittenSinceIsRefused) {
  const auto last = ours_.segments().back();
  const auto whole = ours_.folder.bytes(last);
  for (const bool covered : {false, true}) {
    Branch cut = ours_;
    cut.folder = ours_.folder.after_kill();
    cut.folder.put(last, whole.substr(0, changes_at(ours_.folder, 20).offset + 50));
    cut.word = "since";
    restored_ = cut;
    restored_->write_up_to(26);
    EXPECT_THAT(restored_->folder.files(), Contains(testing::Key(HasSubstr(".torn-"))));
    EXPECT_EQ(start(restored_->folder).contents, restored_->states[26]);
    if (covered) restored_->put_snapshot(26);
    restored_->folder.put(last, whole);
    if (covered) {
      const auto outcome = start(restored_->folder);  // of it only the header counts
      EXPECT_EQ(outcome.contents, restored_->states[26]);
      EXPECT_TRUE(outcome.noticed);
    } else {
      expect_refused(restored_->folder, "does not go on from LSN 20");
    }
  }
}

TEST_F(Timelines, SegmentsThatWereSetAsideAndAreMendedAndPutBackAreRefusedOrCovered) {
  const auto segments = ours_.segments();
  const auto damaged = changes_at(ours_.folder, 13);
  for (const bool covered : {false, true}) {
    restored_ = ours_;
    restored_->folder = ours_.folder.after_kill();
    restored_->word = "since";
    flip(restored_->folder, damaged);
    restored_->write_up_to(24, {.truncate = true, .limits = Branch::limits});
    ASSERT_EQ(restored_->states[12], ours_.states[12]);
    if (covered) restored_->put_snapshot(24);
    for (const auto& name : segments) {
      const auto back = restored_->folder.after_kill();
      if (back.files().contains(name) && name != damaged.segment) continue;
      SimulatedFolder folder = back;
      folder.put(name, ours_.folder.bytes(name));
      SCOPED_TRACE(name + (covered ? ", covered" : ""));
      const auto outcome = start(folder);
      if (outcome.refusal.empty()) {
        EXPECT_TRUE(covered);
        EXPECT_EQ(outcome.contents, restored_->states[24]);
        EXPECT_TRUE(outcome.noticed);
      }
      (void)truncate(folder);
    }
  }
}

// --- damage in what a snapshot covers ---

TEST_F(Timelines, DamageBeforeTheSnapshotCostsNothingWhereverItIs) {
  for (Lsn snapshot = 1; snapshot < 20; ++snapshot) {
    for (Lsn damaged = 1; damaged <= snapshot; ++damaged) {
      auto folder = ours_.folder.after_kill();
      folder.put(ours_.snapshots.at(snapshot).first, ours_.snapshots.at(snapshot).second);
      for (const std::size_t offset : {2u, 20u, 45u}) {
        auto flipped = folder.after_kill();
        flip(flipped, changes_at(ours_.folder, damaged), offset);
        SCOPED_TRACE(fmt::format("record {} at {}, snapshot at {}", damaged, offset, snapshot));
        const auto outcome = outcome_of(flipped);
        EXPECT_EQ(outcome.refusal, "");
        EXPECT_EQ(outcome.contents, ours_.states[20]);
        EXPECT_TRUE(outcome.noticed);
        EXPECT_EQ(inspected(flipped), "");
      }
    }
  }
}

TEST_F(Timelines, DamageInAMarkThatASnapshotCoversCostsNothing) {
  int tried = 0;
  for (const auto& mark : places(ours_.folder)) {
    if (mark.header.type != RecordType::mark || mark.header.lsn == 20) continue;
    for (const Lsn after : {Lsn{0}, Lsn{1}, Lsn{4}}) {
      const Lsn snapshot = std::min<Lsn>(mark.header.lsn + after, 20);
      auto folder = ours_.folder.after_kill();
      folder.put(ours_.snapshots.at(snapshot).first, ours_.snapshots.at(snapshot).second);
      flip(folder, mark);
      SCOPED_TRACE(fmt::format("mark of {}, snapshot at {}", mark.header.lsn, snapshot));
      ++tried;
      expect_ours(folder);
    }
  }
  EXPECT_GT(tried, 10);
}

TEST_F(Timelines, DamageInTheHeaderOfASegmentThatTheSnapshotReachesCostsNothing) {
  for (const auto& name : ours_.segments()) {
    const Lsn first_lsn = *segment_first_lsn(name);
    for (Lsn snapshot = std::max<Lsn>(first_lsn, 2) - 1; snapshot < 20; ++snapshot) {
      auto folder = ours_.folder.after_kill();
      folder.put(ours_.snapshots.at(snapshot).first, ours_.snapshots.at(snapshot).second);
      flip(folder, name, 30);
      SCOPED_TRACE(fmt::format("{}, snapshot at {}", name, snapshot));
      expect_ours(folder);
    }
  }
}

TEST_F(Timelines, DamageInSeveralPlacesThatASnapshotCoversCostsNothing) {
  ours_.put_snapshot(18);
  for (const auto& damaged : {std::vector<Lsn>{2, 15}, {3, 4, 5}, {16, 17, 18}, {1, 9, 14, 18}}) {
    auto folder = ours_.folder.after_kill();
    for (const Lsn lsn : damaged) flip(folder, changes_at(ours_.folder, lsn));
    expect_ours(folder);
  }
}

TEST_F(Timelines, DamageBeforeTheSnapshotAndATornEndCostTheTornEndAlone) {
  ours_.put_snapshot(18);
  const auto last = changes_at(ours_.folder, 20);
  flip(ours_.folder, changes_at(ours_.folder, 17));
  ours_.folder.put(last.segment, ours_.folder.bytes(last.segment).substr(0, last.offset + 50));
  const auto outcome = start(ours_.folder);
  EXPECT_EQ(outcome.refusal, "");
  EXPECT_EQ(outcome.contents, ours_.states[19]);
  EXPECT_TRUE(outcome.noticed);
}

TEST_F(Timelines, DamageBeforeTheSnapshotAndAfterItIsRefusedAndTruncateKeepsWhatIsBetween) {
  ours_.put_snapshot(12);
  for (const Lsn after : {Lsn{13}, Lsn{15}, Lsn{19}}) {
    auto folder = ours_.folder.after_kill();
    flip(folder, changes_at(ours_.folder, 11));
    flip(folder, changes_at(ours_.folder, after));
    expect_refused(folder, "no valid record with LSN " + std::to_string(after));
    Contents contents;
    EXPECT_EQ(truncate(folder, &contents), "");
    EXPECT_EQ(contents, ours_.states[after - 1]);
  }
}

TEST_F(Timelines, ADamagedHeaderIsNoTornEnd) {
  const auto last = ours_.segments().back();
  const Lsn first_lsn = *segment_first_lsn(last);
  for (Lsn snapshot = first_lsn - 1; snapshot <= 20; ++snapshot) {
    auto folder = ours_.folder.after_kill();
    folder.put(ours_.snapshots.at(snapshot).first, ours_.snapshots.at(snapshot).second);
    auto bytes = folder.bytes(last);
    for (std::size_t zeros = 64; zeros < bytes.size(); zeros += 32) {
      std::fill_n(bytes.begin(), zeros, '\0');
      folder.put(last, bytes);
      SCOPED_TRACE(fmt::format("{} zeros, snapshot at {}", zeros, snapshot));
      const auto outcome = outcome_of(folder);
      if (outcome.refusal.empty()) {
        EXPECT_EQ(outcome.contents, ours_.states[20]);
      }
    }
  }
}

TEST_F(Timelines, WithoutTheNewestSnapshotDamageBetweenTheTwoIsRefused) {
  for (const Lsn damaged : {Lsn{9}, Lsn{12}, Lsn{14}}) {
    auto folder = ours_.folder.after_kill();
    folder.put(ours_.snapshots.at(8).first, ours_.snapshots.at(8).second);
    folder.put(ours_.snapshots.at(14).first, ours_.snapshots.at(14).second.substr(1));
    flip(folder, changes_at(ours_.folder, damaged));
    expect_refused(folder, "no valid record with LSN " + std::to_string(damaged));
  }
}

TEST_F(Timelines, ADamagedSnapshotStillTellsHowFarTheLogHadCome) {
  const auto& [name, bytes] = ours_.snapshots.at(19);
  auto damaged = bytes;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ours_.folder.put(name, damaged);
  const auto last = changes_at(ours_.folder, 19);
  for (const std::size_t more : {0u, 50u}) {
    auto folder = ours_.folder.after_kill();
    folder.put(last.segment, folder.bytes(last.segment).substr(0, last.offset + more));
    expect_refused(folder, "LSN 19 was durable");
  }
}

// --- anything ---

/// Files lost, exchanged, cut, damaged, or taken from the other timeline.
class RandomMutation {
 public:
  RandomMutation(std::uint32_t seed, const std::map<std::string, std::string>& others)
      : random_{seed} {
    for (const auto& file : others) others_.push_back(file);
  }

  void apply(SimulatedFolder& folder) {
    std::vector<NamedBytes> files;
    for (const auto& file : folder.files()) files.push_back(file);
    if (files.empty()) return;
    auto [name, bytes] = one_of(files);
    switch (below(7)) {
      case 0: return folder.erase(name);
      case 1: {
        const auto other = one_of(files);
        folder.put(name, other.second);
        return folder.put(other.first, bytes);
      }
      case 2: return folder.put(name, bytes.substr(0, below(bytes.size() + 1)));
      case 3: {
        const auto sector = below(bytes.size() + 1) / 512 * 512;
        const auto end = std::min<std::size_t>(bytes.size(), sector + 512);
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(sector),
                  bytes.begin() + static_cast<std::ptrdiff_t>(end), '\0');
        return folder.put(name, bytes);
      }
      case 4: return folder.put(name, one_of(others_).second);
      case 5: {
        const auto other = one_of(others_);
        return folder.put(other.first, other.second);
      }
      default:
        if (!bytes.empty()) flip(folder, name, below(bytes.size()));
    }
  }

  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  const NamedBytes& one_of(const std::vector<NamedBytes>& files) {
    return files[below(files.size())];
  }

  std::mt19937 random_;
  std::vector<NamedBytes> others_;
};

TEST_F(Timelines, AnyFilesOfBothMakeAStateThatWasOrARefusal) {
  const auto seed = random_seed();
  auto others = fork_.folder.files();
  for (const Lsn lsn : {Lsn{8}, Lsn{14}, Lsn{22}}) others.insert(fork_.snapshots.at(lsn));
  RandomMutation mutation{seed, others};
  int taken = 0, refused = 0;
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    auto folder = ours_.folder.after_kill();
    for (const Lsn lsn : {Lsn{8}, Lsn{12}, Lsn{19}}) {
      if (mutation.below(2) == 0)
        folder.put(ours_.snapshots.at(lsn).first, ours_.snapshots.at(lsn).second);
    }
    for (auto left = 1 + mutation.below(3); left > 0; --left) mutation.apply(folder);
    SCOPED_TRACE("round " + std::to_string(round));
    const auto outcome = start(folder);
    ++(outcome.refusal.empty() ? taken : refused);
    if (outcome.refusal.empty()) {
      for (const auto& [name, bytes] : folder.files())
        EXPECT_GE(outcome.lsn, snapshot_lsn(name).value_or(0)) << name;
    }
    (void)truncate(folder);
  }
  figure("taken", taken);
  figure("refused", refused);
}

}  // namespace
}  // namespace kv::test
