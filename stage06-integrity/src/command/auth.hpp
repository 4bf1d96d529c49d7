#pragma once

#include <string>

#include "command/hooks.hpp"

namespace kv {

/// The token in a file, without the newline at its end. Throws FatalError(cannot_start) when it
/// can't be read or is empty.
std::string read_token(const std::string& file);

/// Answers AUTH, and everything else with unauthorized until AUTH has brought the token. The third
/// wrong one also closes.
void add_auth(HooksBuilder& hooks, std::string token);

}  // namespace kv
