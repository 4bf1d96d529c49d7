#pragma once

#include <string>

#include "base/result.hpp"
#include "command/command.hpp"
#include "wire/words.hpp"

namespace kv {

/// The commands of kv-client, for its --help.
extern const char* const client_commands;

/// Reads the words that the user typed; the command's name in any case. Error: how to use it.
Result<Request> client_command(const Words& words);

/// A response as lines to print: its message, its values one a line, its pairs as key<TAB>value.
std::string to_text(const Response& response);

}  // namespace kv
