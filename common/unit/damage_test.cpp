// The log of a server that was killed, cut and changed at every byte: a start gives back all of the
// data, or the exact beginning that a power loss may leave, or it refuses and says where.

#include "damage.hpp"

namespace kv::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

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

/// Also where values are zeros for longer than a sector, which alone would look like a torn write.
TEST_F(Damage, ADroppedASwappedAndARepeatedRecordAreRefused) {
  {
    OpenStore store{folder_, {}};
    note_state(store);
    for (int i = 0; i <= 30; ++i) {
      store.set_durably("key", i % 3 == 0 ? std::string(1200, '\0') : std::string(50, 'a'));
      note_state(store);
    }
  }
  const auto name = segments().back();
  const auto whole = folder_.bytes(name);
  const auto at = record_offsets(name);
  ASSERT_GT(at.size(), 60u);  // marks are records, too
  for (std::size_t i = 0; i + 2 < at.size(); ++i) {
    SCOPED_TRACE("record " + std::to_string(i));
    const auto before = whole.substr(0, at[i]), first = whole.substr(at[i], at[i + 1] - at[i]),
               second = whole.substr(at[i + 1], at[i + 2] - at[i + 1]),
               after = whole.substr(at[i + 2]);
    for (const auto& changed :
         {before + second + after, before + second + first + after,
          before + first + first + second + after, before + first + second + second + after}) {
      EXPECT_THAT(start_with(name, changed).refusal, StartsWith(name + " is damaged at offset"));
    }
  }
}

}  // namespace
}  // namespace kv::test
