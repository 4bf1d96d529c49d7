#pragma once

#include <CLI/CLI.hpp>

// What kv-bench can be told to do. Each function adds one subcommand with its flags; what it did is
// in `exit_status` after parsing: 0, or 1 when the server gave a wrong answer. Failures throw
// std::exception.

namespace kv::bench {

void add_load(CLI::App& app, int& exit_status);
void add_fill(CLI::App& app, int& exit_status);
void add_idle(CLI::App& app, int& exit_status);
void add_first_answer(CLI::App& app, int& exit_status);
void add_compare(CLI::App& app, int& exit_status);

}  // namespace kv::bench
