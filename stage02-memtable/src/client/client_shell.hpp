#pragma once

#include "client/client.hpp"
#include "wire/words.hpp"

namespace kv {

/// Runs one command and prints its answer. The exit status: 0, error_answer or usage.
int run_command(Client& client, const Words& words);

/// Runs the commands on standard input, a line each, and goes on after errors; prompts when a
/// person is there. The exit status: 0, or 1 if there was any error.
int run_shell(Client& client);

}  // namespace kv
