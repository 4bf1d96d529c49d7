// The files of a server that was killed, cut and changed at every byte: a start gives back all of
// the data, or the exact beginning that a power loss may leave, or it refuses and says where.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fixtures/seed.hpp"
#include "manifest.hpp"
#include "open_store.hpp"
#include "start_error.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// What a start makes of a folder.
struct Outcome {
  std::string refusal;  // empty: it was taken
  Lsn lsn = 0;
  Contents contents;
  bool noticed = false;  // by a warning, or as torn bytes, which are kept
};

Outcome start(const SimulatedFolder& folder) {
  try {
    const auto survey = survey_folder(folder, false);
    MemTable memtable{any_answer()};
    load_folder(folder, survey, memtable);
    const bool torn = survey.segments.back().tail != Tail::clean;
    return {{}, survey.end.lsn, contents_of(memtable), torn || !survey.warnings.empty()};
  } catch (const StartError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
    return {error.what(), 0, {}, true};
  }
}

class Damage : public testing::Test {
 protected:
  static constexpr Wal::Limits limits{
      .segment_bytes = 2048, .reserve_bytes_min = 512, .reserve_bytes_max = 1024};

  /// Values that are hard on a log: zeros where a sector that was never written has them too, and
  /// records as values.
  void write_hard_values(OpenStore& store) {
    note_state(store);
    store.set_durably("zeros", std::string(700, '\0'));
    note_state(store);
    const auto [name, bytes] = *folder_.files().rbegin();  // the newest segment
    store.set_durably("records", Binary{bytes.substr(0, 900)});
    note_state(store);
    RandomCommands random{seed_};
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(random.next(store.memtable()));
      ASSERT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
      note_state(store);
    }
    store.set_durably("zeros", std::string(1200, '\0'));
    note_state(store);
  }

  void note_state(OpenStore& store) {
    states_.resize(store.wal().last_lsn() + 1);
    states_.back() = store.contents();
  }

  void write_snapshot_of(OpenStore& store) {
    const auto store_id = read_manifest(folder_)->store;
    const auto written = write_snapshot(folder_, store_id, store.memtable(), store.wal());
    ASSERT_TRUE(written);
    snapshots_.push_back(snapshot_name(written->lsn));
  }

  std::vector<std::string> segments() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : folder_.files()) {
      if (segment_first_lsn(name)) names.push_back(name);
    }
    return names;
  }

  /// What a start makes of the folder when this file has other bytes.
  Outcome start_with(const std::string& name, const std::string& bytes) {
    const auto before = folder_.bytes(name);
    folder_.put(name, bytes);
    auto outcome = start(folder_);
    folder_.put(name, before);
    return outcome;
  }

  /// `check` gets what a start makes of each change of a byte.
  void flip_every_byte(const std::string& name, const std::function<void(const Outcome&)>& check) {
    const auto whole = folder_.bytes(name);
    for (std::size_t offset = 0; offset < whole.size() && !HasFailure(); ++offset) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        auto flipped = whole;
        flipped[offset] = static_cast<char>(flipped[offset] ^ flip);
        SCOPED_TRACE(name + " at " + std::to_string(offset));
        check(start_with(name, flipped));
      }
    }
  }

  /// All data and a warning, or a refusal.
  void expect_noticed(const Outcome& outcome) {
    if (!outcome.refusal.empty()) {
      EXPECT_THAT(outcome.refusal, AllOf(StartsWith("wal-"), HasSubstr("is damaged at offset")));
      ++refused_;
    } else {
      EXPECT_EQ(outcome.contents, states_.back());
      EXPECT_TRUE(outcome.noticed);
      ++taken_;
    }
  }

  /// Where the records of the segment begin, and last where they end.
  std::vector<std::size_t> record_offsets(const std::string& name) {
    const auto bytes = folder_.bytes(name);
    std::vector<std::size_t> offsets;
    const auto segment =
        read_segment(bytes, *read_segment_header(bytes),
                     [&](auto offset, const auto&, auto) { offsets.push_back(offset); });
    offsets.push_back(segment.end_offset);
    return offsets;
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  SimulatedFolder folder_;
  std::vector<Contents> states_;  // by LSN
  std::vector<std::string> snapshots_;
  std::size_t refused_ = 0, taken_ = 0;
};

TEST_F(Damage, AnyByteOfTheLogThatChangesIsNoticed) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
  }
  ASSERT_GE(segments().size(), 2u);
  for (const auto& name : segments())
    flip_every_byte(name, [&](const Outcome& outcome) { expect_noticed(outcome); });
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(taken_, 0u);
}

TEST_F(Damage, AnyByteOfTheLogThatChangesAfterAnOrderlyStopIsNoticed) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
    ASSERT_TRUE(store.store().close());
  }
  flip_every_byte(segments().back(), [&](const Outcome& outcome) { expect_noticed(outcome); });
}

TEST_F(Damage, AnyByteOfTheManifestThatChangesIsRefused) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
  }
  flip_every_byte(manifest_name, [](const Outcome& outcome) {
    EXPECT_THAT(outcome.refusal, StartsWith("MANIFEST is damaged at offset 0: "));
  });
}

TEST_F(Damage, WithSnapshotsAByteThatChangesAnywhereLosesNothing) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
    write_snapshot_of(store);
    write_hard_values(store);
    write_snapshot_of(store);
    write_hard_values(store);
  }
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

/// Wherever the file ends, and wherever the zeros begin that were never written over.
TEST_F(Damage, ACutOfTheLastSegmentGivesTheExactBeginning) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
  }
  const auto name = segments().back();
  const auto whole = folder_.bytes(name);
  const auto header = read_segment_header(whole);
  for (std::size_t cut = sizeof(SegmentHeader); cut < whole.size() && !HasFailure(); ++cut) {
    for (const bool padded : {false, true}) {
      auto bytes = whole.substr(0, cut);
      if (padded) bytes.resize(whole.size());
      const Lsn lsn = read_segment(bytes, *header, [](auto, const auto&, auto) {}).end.lsn;
      const auto outcome = start_with(name, bytes);
      SCOPED_TRACE((padded ? "zeros from " : "the end at ") + std::to_string(cut));
      if (padded && cut % 512 != 0 && !outcome.refusal.empty()) continue;  // no disk does that
      EXPECT_EQ(outcome.refusal, "");
      EXPECT_EQ(outcome.lsn, lsn);
      EXPECT_EQ(outcome.contents, states_[lsn]);
    }
  }
}

TEST_F(Damage, ACutBelowWhatIsKnownToHaveBeenDurableIsRefused) {
  {
    OpenStore store{folder_, {.limits = limits}};
    write_hard_values(store);
    ASSERT_TRUE(store.store().close());
  }
  for (const auto& name : segments()) {
    const auto whole = folder_.bytes(name);
    const auto records = record_offsets(name);
    const auto last = records[records.size() - 3];  // before the last record and its mark
    for (std::size_t cut = 0; cut < last && !HasFailure(); ++cut) {
      const auto outcome = start_with(name, whole.substr(0, cut));
      EXPECT_THAT(outcome.refusal, HasSubstr("is damaged at offset")) << name << " cut at " << cut;
    }
  }
}

TEST_F(Damage, ADroppedASwappedAndARepeatedRecordAreRefused) {
  {
    OpenStore store{folder_, {}};
    for (int i = 0; i < 30; ++i)
      store.set_durably("key", std::string(50, static_cast<char>('A' + i)));
  }
  const auto name = segments().back();
  const auto whole = folder_.bytes(name);
  const auto at = record_offsets(name);
  ASSERT_GT(at.size(), 31u);
  for (std::size_t i = 0; i + 3 < at.size(); ++i) {
    const auto before = whole.substr(0, at[i]), first = whole.substr(at[i], at[i + 1] - at[i]),
               second = whole.substr(at[i + 1], at[i + 2] - at[i + 1]),
               after = whole.substr(at[i + 2]);
    for (const auto& changed : {before + second + after, before + second + first + after,
                                before + first + first + second + after}) {
      EXPECT_THAT(start_with(name, changed).refusal, StartsWith(name + " is damaged at offset"));
    }
  }
}

}  // namespace
}  // namespace kv::test
