#include "recovered_log.hpp"

#include <gtest/gtest.h>

#include "base/fatal_error.hpp"

namespace kv::test {

RecoveredLog::RecoveredLog(const SimulatedFolder& folder, bool truncate, const Wal::Limits& limits)
    : folder_{folder},
      found_{read_folder(folder_, truncate, into(memtable_))},
      wal_{folder_,
           found_.store,
           found_.end,
           Sync::always,
           [](const Error& error) { ADD_FAILURE() << error.message; },
           limits,
           [this] { return repair_folder(folder_, found_); }} {
  memtable_.observe({&wal_});
}

void RecoveredLog::set_durably(const std::string& key, const Value& value) {
  ASSERT_TRUE(memtable_.set("t", Entry{key, value}));
  ASSERT_TRUE(wal_.make_durable(wal_.last_lsn()));
}

Contents look(const SimulatedFolder& folder) {
  MemTable memtable{any_answer()};
  (void)read_folder(folder, false, into(memtable));
  return contents_of(memtable);
}

std::string refusal(const SimulatedFolder& folder, bool truncate) {
  try {
    RecoveredLog{folder, truncate};
  } catch (const FatalError& error) {
    EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "it was taken";
  return {};
}

}  // namespace kv::test
