#pragma once

#include <string>
#include <utility>

#include "contents.hpp"
#include "disk/recovery.hpp"
#include "disk/wal.hpp"
#include "open_log.hpp"

namespace kv::test {

/// For read_folder: what it reads goes into the memtable.
inline Loader into(MemTable& memtable) {
  return {.change = [&memtable](std::string_view table, std::string_view key,
                                auto row) { memtable.replay(table, key, std::move(row)); },
          .clear = [&memtable] { memtable.clear(); }};
}

/// What a start does, without a store around it: it reads a folder that holds data, makes it ready,
/// and begins a segment. Its end is that of a process that is killed: wal().close() makes it an
/// orderly one. Throws FatalError, as read_folder and Wal do.
class RecoveredLog {
 public:
  explicit RecoveredLog(const SimulatedFolder& folder, bool truncate = false,
                        const Wal::Limits& limits = tiny_limits);

  MemTable& memtable() { return memtable_; }
  Wal& wal() { return wal_; }

  /// Sets a key in table "t": it is on the disk.
  void set_durably(const std::string& key, const Value& value);

  Contents contents() const { return contents_of(memtable_); }

 private:
  SimulatedFolder folder_;
  MemTable memtable_{any_answer()};
  Recovered found_;
  Wal wal_;
};

/// What a start would find; it changes nothing.
Contents look(const SimulatedFolder& folder);

/// The text of the FatalError that a start ends in; it expects one, with the exit status 65.
std::string refusal(const SimulatedFolder& folder, bool truncate = false);

}  // namespace kv::test
