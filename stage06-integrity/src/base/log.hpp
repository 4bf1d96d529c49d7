#pragma once

#include <string>
#include <string_view>

namespace kv {

/// Sends the log to standard error. `level` is one of trace, debug, info, warn, error, off. Whoever
/// logs never waits for a reader, but a moment with a critical line; nor does one that goes away
/// end the program (SIGPIPE is ignored): lines are dropped, counted, and the gap is told.
void start_log(const std::string& level);

/// Bytes from outside, made fit for one line of a log: control and non-ASCII bytes as \xHH, at most
/// 64 of them. Whoever logs what a client sent goes through here, or the client writes our log.
std::string escaped(std::string_view bytes);

}  // namespace kv
