#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "disk/folder.hpp"

namespace kv::test {

/// A folder in memory whose disk can be watched, made to fail, filled up, and cut from its power. A
/// copy is the same folder, by the same descriptor. Any thread may call anything.
///
/// The disk knows what readers see, and what has been synced. A power loss keeps what was synced;
/// of what was not, each sector of a file keeps, at random, any content that it has had since, and
/// of the creations, renames and removals a random beginning is kept. A sync that fails keeps some
/// of it too and forgets the rest, which readers go on to see: a file's next one has nothing to do.
class SimulatedFolder : public Folder {
 public:
  enum class Kind { create, write, truncate, sync_file, rename, remove, sync_folder };

  static constexpr bool undoes_in_order = true;  ///< of names the last steps only, else any
  static constexpr bool has_old_bytes = false;   ///< where nothing was written, else zeros only

  /// What is about to be done. Only what changes something is an operation.
  struct Operation {
    std::size_t number;  ///< from 1
    Kind kind;
    std::string name;       ///< of the file; of a rename, the new one; of the folder, none
    std::string from = {};  ///< of a rename, the old one
    std::shared_ptr<const void> file = {};  ///< which one is made, written or synced
    std::uint64_t offset = 0;               ///< of a write; of a truncation: what it leaves
    std::string bytes = {};                 ///< that are written
  };

  /// Called before each operation, by the thread that does it; it may block, and may call
  /// everything here. A status makes the operation fail; a write fails half-way, between sectors.
  using Hook = std::function<std::optional<Status>(const Operation&)>;

  explicit SimulatedFolder(std::uint32_t seed = 0);  ///< of what a failed sync keeps

  Result<std::unique_ptr<File>> create(const std::string& name) override;
  Result<std::unique_ptr<File>> open(const std::string& name) const override;
  Result<std::vector<std::string>> list() const override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync() override;
  std::string path() const override { return "simulated"; }

  /// The same folder, for another process: it does not hear of a sync that failed before.
  SimulatedFolder opened_again() const;

  void set_hook(Hook hook);
  void lose_all();  ///< a sync that fails keeps nothing from now on, in place of some

  /// Read `number` fails, or all from there on. Listing, opening, asking for a size are reads, too.
  void fail_read(std::size_t number, bool for_good);
  std::size_t reads() const;  ///< so far

  std::size_t operations() const;        ///< so far
  void set_capacity(std::size_t bytes);  ///< of all files together; a write beyond it: no_space

  /// The folder that is found after a power loss at this moment. This one goes on.
  SimulatedFolder after_power_loss(std::uint32_t seed) const;

  /// The folder that is found when the process is killed at this moment: what readers see.
  SimulatedFolder after_kill(std::uint32_t seed = 0) const;

  /// What readers see, by name; and to change it behind everybody's back, synced at once.
  std::map<std::string, std::string> files() const;
  std::string bytes(const std::string& name) const { return files().at(name); }
  void put(const std::string& name, const std::string& bytes);
  void erase(const std::string& name);

 private:
  struct Disk;
  struct Content;
  class OpenFile;
  std::shared_ptr<Disk> disk_;
  std::shared_ptr<Syncs> syncs_ = std::make_shared<Syncs>();  // of the folder
};

/// Fails operation `number`, or all from there on.
SimulatedFolder::Hook fail_at(std::size_t number, Status status, bool for_good = false);

/// Fails the next operation of this kind on a file whose name begins like this.
SimulatedFolder::Hook fail_next(SimulatedFolder::Kind kind, const std::string& name, Status status);

/// Holds up the next operation of a kind on a file whose name begins like this, until it is opened,
/// or its life ends.
class Gate {
 public:
  ~Gate();

  SimulatedFolder::Hook hook(SimulatedFolder::Kind kind, const std::string& name);

  void wait_for_somebody();  ///< throws when nobody has come within 20 s
  void open() { state_->opened.count_down(); }

 private:
  struct State {
    std::atomic_flag somebody;
    std::promise<void> arrived;
    std::latch opened{1};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // hooks may live longer
};

}  // namespace kv::test
