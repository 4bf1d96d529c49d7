#pragma once

#include <string>

#include "base/result.hpp"
#include "wire/words.hpp"

namespace kv {

/// The commands of kv-client, for its --help.
extern const char* const client_commands;

/// What kv-client sends for the words that its user typed. Error: how to use the command.
Result<Words> client_command(const Words& words);

}  // namespace kv
