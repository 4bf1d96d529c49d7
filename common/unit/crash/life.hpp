#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "open_store.hpp"
#include "power_loss.hpp"

namespace kv::test {

struct Command {
  /// When the next one comes: when this one is acknowledged, while it is being written, or before
  /// anybody has asked for that.
  enum class Next { acknowledged, written, at_once };

  std::function<Result<void>(Storage&)> run;
  std::string text = {};  ///< empty: what it has changed says it
  Next next = Next::acknowledged;
};

/// What a store is made to do.
struct Plan {
  std::vector<Command> commands = {};
  std::uint64_t snapshot_every = 0;
  bool waits_for_snapshots = false;  ///< after each command
  bool holds_up_snapshots = false;   ///< until all commands are carried out
  bool is_calm = true;               ///< nothing goes on behind it when a command comes
  bool stops_in_order = false;
};

/// A start on some disk, and all that followed. It has gone well; only its end is still open.
struct Life {
  Files disk;
  std::vector<Contents> may_find;  ///< one of these it should have found there
  std::vector<Event> events = {};
  std::vector<Contents> states = {};    ///< what it found, and then after each command
  std::vector<std::string> texts = {};  ///< of the commands
  std::vector<Lsn> lsns = {};           ///< the last one after each command

  /// How many commands were acknowledged before an event.
  std::size_t acknowledged(std::size_t event) const;

  /// What the next start may find, when this life ends before an event.
  std::vector<Contents> may_leave(std::size_t event) const;
};

/// Throws FatalError as a store does, and std::runtime_error when it refuses a command. Where it
/// hangs, the process ends, with status 2.
Life live(const Files& disk, const std::vector<Contents>& may_find, const Plan& plan);

/// What a start finds.
struct Found {
  Contents contents = {};
  int exit_status = 0;  ///< not 0: it refuses, and this is why
  std::string refusal = {};
};
Found start_on(const Files& disk);

/// The same, of a start that ends when it has read everything: quicker.
Found look_at(const Files& disk);

}  // namespace kv::test
