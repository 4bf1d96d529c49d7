#include <exception>
#include <iostream>

#include "commands.hpp"

int main(int argc, char** argv) {
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
    return exit_status;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "kv-bench: " << error.what() << '\n';
    return 3;
  }
}
