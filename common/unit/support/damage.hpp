#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/fatal_error.hpp"
#include "disk/inspect.hpp"
#include "disk/manifest.hpp"
#include "fixtures/figure.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {

/// What a start makes of a folder.
struct Outcome {
  std::string refusal;  // empty: it was taken
  Lsn lsn = 0;
  Contents contents;
  bool noticed = false;  // by a warning, or as torn bytes, which are kept
};

inline Outcome outcome_of(const SimulatedFolder& folder) {
  try {
    MemTable memtable{any_answer()};
    const auto found = read_folder(folder, false, into(memtable));
    const bool torn = !found.segments.empty() && found.segments.back().tail != Tail::clean;
    const bool warned = !found.warnings.empty() || !check_unread(folder, found).warnings.empty();
    return {{}, found.end.lsn, contents_of(memtable), torn || warned};
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
    return {error.what(), 0, {}, true};
  }
}

/// The folder of a store that was killed, to be damaged, and what it held after each LSN.
class Damage : public testing::Test {
 protected:
  static constexpr Wal::Limits limits{.segment_bytes = 2048, .reserve_bytes = 512};

  ~Damage() override {
    figure("starts", starts_);
    figure("refused", refused_);
    figure("with_both_tools", tools_checked_);
  }

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

  /// Segments, two snapshots, and a log after them. The process is killed.
  void write_everything() {
    OpenStore store{folder_, {.limits = limits}};
    for (int i = 0; i < 2; ++i) {
      write_hard_values(store);
      write_snapshot_of(store);
    }
    write_hard_values(store);
  }

  /// What a start makes of the folder as it is; at times, what the tools make of it, too.
  Outcome start() {
    auto outcome = outcome_of(folder_);
    if (!outcome.refusal.empty()) ++refused_;
    if (starts_++ % 32 == 0) check_tools(outcome);
    return outcome;
  }

  /// The same when this file has other bytes.
  Outcome start_with(const std::string& name, const std::string& bytes) {
    const auto before = folder_.bytes(name);
    folder_.put(name, bytes);
    auto outcome = start();
    folder_.put(name, before);
    return outcome;
  }

  /// kv-inspect says of the folder what the server would. With --recover=truncate the server starts
  /// with everything before the damage, keeps the rest aside, and needs no such flag again.
  void check_tools(const Outcome& plain) {
    ++tools_checked_;
    std::ostringstream out;
    std::string inspected;
    try {
      inspect_folder(folder_, false, out);
    } catch (const FatalError& error) {
      inspected = error.what();
    }
    EXPECT_EQ(inspected, plain.refusal);
    const auto folder = folder_.after_kill();
    Contents contents;
    try {
      OpenStore store{folder, {.truncate = true, .limits = limits}};
      contents = store.contents();
      const Lsn lsn = store.wal().last_lsn();
      EXPECT_EQ(lsn, undamaged_lsn());
      ASSERT_LT(lsn, states_.size());
      EXPECT_EQ(contents, states_[lsn]);
    } catch (const FatalError& error) {
      ADD_FAILURE() << "with --recover=truncate: " << error.what();
    }
    EXPECT_EQ(recover(folder, {.limits = limits}), contents);
  }

  /// Up to which the folder has everything, read without looking for the cause of damage: the
  /// newest whole snapshot, and the segments from there on that continue one another. Of one that
  /// the snapshot reaches the header, too, may be damaged.
  Lsn undamaged_lsn() const {
    const auto found = read_folder(folder_, true);
    const Lsn covered = found.snapshot ? found.snapshot->lsn : 0;
    Lsn lsn = covered;
    const Position reached{covered, found.snapshot ? found.snapshot->chain : 0, 0};
    std::optional<Position> at;
    for (const auto& name : segments()) {
      const auto bytes = folder_.bytes(name);
      auto header = read_segment_header(bytes);
      const bool goes_on =
          header && at && header->first_lsn == at->lsn + 1 && header->chain == at->chain;
      const Lsn first_lsn = *segment_first_lsn(name);
      const bool may_begin = first_lsn <= covered + 1 && (header || found.snapshot);
      if (!goes_on && !may_begin) {
        at.reset();
        continue;
      }
      if (!header) {
        header = make_segment_header(
            found.store, first_lsn == covered + 1 ? reached : Position{.lsn = first_lsn - 1}, 0);
      }
      Pieces pieces{bytes};
      at = read_segment(
               pieces, *header, [](auto, const auto&, auto) {}, reached)
               ->end;
      lsn = std::max(lsn, at->lsn);
    }
    return lsn;
  }

  /// `check` gets what a start makes of each change of a byte.
  void flip_every_byte(const std::string& name, const std::function<void(const Outcome&)>& check,
                       const std::vector<int>& flips = {0x01, 0x80, 0xff}) {
    const auto whole = folder_.bytes(name);
    for (std::size_t offset = 0; offset < whole.size() && !HasFailure(); ++offset) {
      for (const int flip : flips) {
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
      EXPECT_THAT(outcome.refusal, testing::AllOf(testing::StartsWith("wal-"),
                                                  testing::HasSubstr("is damaged at offset")));
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
  std::size_t starts_ = 0, refused_ = 0, taken_ = 0, tools_checked_ = 0;
};

}  // namespace kv::test
