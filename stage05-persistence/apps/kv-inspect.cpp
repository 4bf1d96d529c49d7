#include <iostream>

#include "base/fatal_error.hpp"
#include "base/flags.hpp"
#include "base/standard_streams.hpp"
#include "disk/inspect.hpp"
#include "disk/posix_folder.hpp"

int main(int argc, char** argv) try {
  (void)kv::open_standard_streams();  // without an output all that is printed is lost, as it was
  std::string path;
  bool records = false;
  CLI::App app{
      "Verifies the data folder of a kv-server, and prints what is in it. It never writes."};
  app.set_version_flag("--version", "kv-inspect " KV_STAGE);
  kv::add_name(app, "DIR", path, "the data folder")->required();
  kv::add_switch(app, "--records", records, "list the records of the logs");
  try {
    app.parse(argc, argv);
    kv::inspect_folder(*kv::open_posix_folder(path, false), records, std::cout);
  } catch (const CLI::Success& answered) {  // --help or --version
    app.exit(answered);
  }
  kv::flush_output();
  return 0;
} catch (const CLI::ParseError& error) {
  std::cerr << "kv-inspect: " << error.what() << '\n';
  return static_cast<int>(kv::Exit::usage);
} catch (const kv::FatalError& error) {
  std::cout.flush();
  std::cerr << "kv-inspect: " << error.what() << '\n';
  return error.exit_status();
} catch (const std::exception& error) {  // as when a file is larger than the memory
  std::cerr << "kv-inspect: " << error.what() << '\n';
  return static_cast<int>(kv::Exit::cannot_start);
}
