#pragma once

#include "client/client.hpp"
#include "client/client_output.hpp"
#include "wire/words.hpp"

namespace kv {

/// Runs one command and prints its answer; `help` is one of them. The exit status: 0, error_answer
/// or usage.
int run_command(Client& client, const ClientOutput& output, const Words& words);

/// Runs the commands on standard input, a line each, until its end, `quit` or `exit`; prompts when
/// a person is there. Goes on after errors, and with a new connection after one that was lost. The
/// exit status: 0, or 1 if there was any error.
int run_shell(Client& client, const ClientOutput& output);

}  // namespace kv
