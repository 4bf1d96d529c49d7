#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "peer.hpp"

// What is done by a process of its own, which is this program with four words: a task, the name of
// a peer, a folder, and a seed.

namespace kv::peers {

/// Writes all changes of the seed, and dies.
inline constexpr auto write_task = "--write";
/// The same; the first half of them is no longer in the log.
inline constexpr auto write_compacted_task = "--write-compacted";
/// Starts, and ends with one of these statuses.
inline constexpr auto start_task = "--start";
inline constexpr int started = 0, refused = 65;

/// The changes that each system is given, one at a time: few, and hard on a log. Each leads to a
/// state that there was not before.
std::vector<Change> hard_changes(std::uint32_t seed);

/// Answers the program's exit status.
int carry_out(const std::string& task, const Peer& peer, const fs::path& folder,
              std::uint32_t seed);

}  // namespace kv::peers
