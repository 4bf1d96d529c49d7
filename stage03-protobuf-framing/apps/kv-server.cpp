#include <malloc.h>

#include <iostream>

#include "base/fatal_error.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/options.hpp"
#include "base/signals.hpp"
#include "base/standard_streams.hpp"
#include "command/service.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

int main(int argc, char** argv) {
  const bool has_output = kv::open_standard_streams();
  kv::end_on_signals("kv-server: ended by a signal before it was ready\n");
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);  // glibc would raise it, and keep large frames as holes
  try {
    auto options = kv::parse_options(argc, argv);
    if (!options) return 0;
    kv::start_log(options->log_level);
    kv::log_protobuf_errors();
    options->max_connections = kv::connection_limit(options->max_connections, options->threads);
    kv::MemTable storage{kv::answer_limit(options->frame_bytes_max)};
    kv::Service service{storage, kv::items_limit(options->frame_bytes_max)};
    kv::Load load;
    const kv::Shared shared{*options, service, load};
    kv::Server server{shared};
    std::cout << "listening on " << server.endpoint() << std::endl;
    if (has_output) kv::flush_output(kv::Exit::cannot_start);
    server.run();
    return 0;
  } catch (const kv::FatalError& error) {
    std::cerr << "kv-server: " << error.what() << '\n';
    return error.exit_status();
  } catch (const std::exception& error) {  // as when there are too few descriptors
    std::cerr << "kv-server: cannot start: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::cannot_start);
  }
}
