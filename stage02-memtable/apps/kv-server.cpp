#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/log.hpp"
#include "base/options.hpp"
#include "base/standard_streams.hpp"
#include "base/start_error.hpp"
#include "command/service.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

int main(int argc, char** argv) {
  const bool has_output = kv::open_standard_streams();
  const auto end = [](int) { std::_Exit(0); };  // nothing is kept, so there is nothing to put away
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);
  try {
    const auto options = kv::parse_options(argc, argv);
    if (!options) return 0;
    kv::start_log(options->log_level);
    kv::MemTable storage{kv::answer_limit()};
    kv::Service service{storage};
    kv::Server server{*options, service};
    std::cout << "listening on " << server.endpoint() << std::endl;
    if (has_output) kv::flush_output(kv::Exit::cannot_start);
    server.run();
  } catch (const kv::StartError& error) {
    std::cerr << "kv-server: " << error.what() << '\n';
    return error.exit_status();
  }
}
