#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/fatal_error.hpp"
#include "base/flags.hpp"
#include "base/standard_streams.hpp"
#include "command/service.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

int main(int argc, char** argv) {
  const bool has_output = kv::open_standard_streams();
  const auto end = [](int) { std::_Exit(0); };  // nothing is kept, so there is nothing to put away
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads what we print may go away

  std::uint16_t port = 9527;
  std::uint32_t max_connections = 10'000;
  CLI::App app{"A key-value server, built in stages. It listens on 127.0.0.1 only."};
  app.set_version_flag("--version", "kv-server " KV_STAGE);
  kv::add_number(app, "--port", port, "port to listen on; 0 picks a free one");
  kv::add_number(app, "--max-connections", max_connections, "clients at a time", 1u);
  try {
    if (!kv::parse_flags(app, argc, argv)) return 0;
    kv::MemTable storage{kv::answer_limit()};
    kv::Service service{storage};
    kv::Server server{port, max_connections, service};
    std::cout << "listening on " << server.endpoint() << std::endl;
    if (has_output) kv::flush_output(kv::Exit::cannot_start);
    server.run();
  } catch (const kv::FatalError& error) {
    std::cerr << "kv-server: " << error.what() << '\n';
    return error.exit_status();
  }
}
