#pragma once

namespace kv {

/// From here on SIGINT and SIGTERM end the process: at any moment, with status 0 and this line on
/// standard error, which must be there for ever.
void end_on_signals(const char* line);

/// From here on they wait, in this thread and those that it starts, until release_signals: what the
/// start of a server changes in its data folder is not interrupted, and then it stops in order.
void hold_signals();
void release_signals();

}  // namespace kv
