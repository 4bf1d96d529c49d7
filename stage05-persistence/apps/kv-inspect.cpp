#include <CLI/CLI.hpp>

#include <iostream>

#include "inspect.hpp"
#include "log.hpp"
#include "posix_folder.hpp"
#include "start_error.hpp"

int main(int argc, char** argv) {
  std::string path;
  bool records = false;
  CLI::App app{
      "Verifies the data folder of a kv-server, and prints what is in it. It never writes."};
  app.set_version_flag("--version", "kv-inspect " KV_STAGE);
  app.add_option("DIR", path, "the data folder")->required();
  app.add_flag("--records", records, "list the records of the log");
  try {
    app.parse(argc, argv);
    kv::start_log("error");
    kv::inspect_folder(*kv::open_posix_folder(path, false), records, std::cout);
    if (!std::cout.flush())
      throw kv::StartError{kv::Exit::cannot_start, "cannot write to standard output"};
    return 0;
  } catch (const CLI::Success& answered) {  // --help or --version
    return app.exit(answered);
  } catch (const CLI::ParseError& error) {
    std::cerr << "kv-inspect: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::usage);
  } catch (const kv::StartError& error) {
    std::cout.flush();
    std::cerr << "kv-inspect: " << error.what() << '\n';
    return error.exit_status();
  } catch (const std::exception& error) {  // as when a file is larger than the memory
    std::cerr << "kv-inspect: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::cannot_start);
  }
}
