#pragma once

#include "base/fatal_error.hpp"

// Standard input, output and error may be closed, full, or read by nobody.

namespace kv {

/// First thing in main: opens /dev/null on those of the descriptors 0, 1 and 2 that are closed. The
/// next files would get these numbers, and what is printed would go into them. Printing to an
/// output that was closed fails as before; what goes to standard error is discarded. Answers
/// whether the output was open.
bool open_standard_streams();

/// Flushes standard output. Throws FatalError(lost) when anything printed so far has not arrived.
void flush_output(Exit lost = Exit::output_lost);

}  // namespace kv
