#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "wire/words.hpp"

namespace kv {

/// The commands of kv-client, for its --help.
extern const char* const client_commands;

/// What kv-client sends for one command of its user.
struct ClientCommand {
  std::vector<Words> requests;  ///< more than one for hmexist: Redis has no such command
  bool answers_pairs = false;   ///< the reply is key, value, key, value, ...
};

/// Reads the words that the user typed. Error: how to use the command.
Result<ClientCommand> client_command(const Words& words);

}  // namespace kv
