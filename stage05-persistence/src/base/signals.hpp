#pragma once

namespace kv {

/// From here on SIGINT and SIGTERM end the process: at any moment, with status 0 and this line on
/// standard error, which must be there for ever.
void end_on_signals(const char* line);

}  // namespace kv
