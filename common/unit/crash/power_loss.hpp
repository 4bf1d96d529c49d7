#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "disk/log_format.hpp"
#include "simulated_folder.hpp"

namespace kv::test {

using Files = std::map<std::string, std::string>;  ///< what readers see: names, and bytes

/// One thing in the life of a store, from its start to its end.
struct Event {
  enum class Kind { operation, opened, begun, acknowledged };

  Kind kind;
  std::optional<SimulatedFolder::Operation> operation = {};
  std::size_t command = 0;  ///< that has begun
  Lsn lsn = 0;              ///< up to this one clients may hear of changes
};

/// What a disk may have when a life ends in the middle: what SimulatedFolder would leave of it, but
/// way by way in place of at random, and told operation by operation.
class PowerLoss {
 public:
  /// The events have happened, on a disk that began with these files, all of it synced.
  PowerLoss(const Files& disk, std::span<const Event> events);

  /// For each thing that may be lost, which way it takes. Way 0 keeps it; where all take that one,
  /// what is left is what a process leaves that is killed.
  using Choice = std::vector<std::size_t>;
  Choice ways() const;  ///< how many there are, for each thing
  Files left(const Choice& choice) const;

  /// Kept: by luck. Zeros, stale: lost, and these stand in its place, or bytes of an older file.
  enum class Fate { synced, kept, in_part, lost, zeros, stale };
  Fate fate(std::size_t event, const Choice& choice) const;

  /// The name that the file of an operation had when it happened; empty: the folder.
  const std::string& name(std::size_t event) const { return shown_names_.at(event); }

 private:
  struct Version {  // of a sector
    std::size_t event;
    std::string bytes;
  };
  struct Inode {
    std::string seen, durable;
    std::map<std::size_t, std::vector<Version>> unsynced = {};  // by sector
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct Step {  // names and what they stand for from then on; null: nothing
    std::size_t event;
    Names names;
  };
  struct Thing {  // that may be lost: the last steps or versions of some, or room unwritten
    std::size_t ways;
    std::size_t step = 0;               // the first one
    std::shared_ptr<Inode> inode = {};  // none: it is steps
    std::optional<std::size_t> sector = {};
  };

  void carry_out(std::size_t event, const SimulatedFolder::Operation& operation);
  void change(std::size_t event, const Names& names);
  void list_things();
  Names names_left(const Choice& choice) const;
  std::shared_ptr<Inode> inode_of(const SimulatedFolder::Operation& operation);

  Names names_, durable_names_;
  std::map<const void*, std::shared_ptr<Inode>> by_file_;
  std::vector<Step> steps_;         // since the folder was synced
  std::vector<std::string> stale_;  // contents of files that were replaced or removed
  std::vector<Thing> things_;
  std::map<std::size_t, std::string> shown_names_;
};

}  // namespace kv::test
