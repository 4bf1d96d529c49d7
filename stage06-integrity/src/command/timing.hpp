#pragma once

#include <cstddef>

#include "command/hooks.hpp"

namespace kv {

/// What the note takes on the wire, at most. It comes on top of an answer that may be as large as
/// its frame, and whose change has been made: who adds notes keeps so much free of every answer.
inline constexpr std::size_t timing_bytes_max = 32;

/// Tells a client how long its command took until its answer could be sent, in a message that is
/// empty: "took 0.013 ms".
void add_timing(HooksBuilder& hooks);

}  // namespace kv
