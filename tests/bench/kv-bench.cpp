#include <exception>
#include <iostream>

#include "base/standard_streams.hpp"
#include "commands.hpp"

namespace {

int run(int argc, char** argv) {
  int exit_status = 0;
  CLI::App app{"Loads key-value servers, ours and Redis alike, and measures them."};
  app.require_subcommand(1);
  kv::bench::add_load(app, exit_status);
  kv::bench::add_fill(app, exit_status);
  kv::bench::add_idle(app, exit_status);
  kv::bench::add_first_answer(app, exit_status);
  kv::bench::add_compare(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error) == 0 ? 0 : 2;
  }
  kv::flush_output();
  return exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  (void)kv::open_standard_streams();  // without an output all that is printed is lost, as it was
  try {
    return run(argc, argv);
  } catch (const kv::FatalError& error) {
    std::cerr << "kv-bench: " << error.what() << '\n';
    return error.exit_status();
  } catch (const std::exception& error) {
    std::cerr << "kv-bench: " << error.what() << '\n';
    return 3;
  }
}
