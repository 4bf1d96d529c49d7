#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <iostream>

#include "base/fatal_error.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/options.hpp"
#include "base/signals.hpp"
#include "base/standard_streams.hpp"
#include "command/auth.hpp"
#include "command/info.hpp"
#include "command/read_only.hpp"
#include "command/service.hpp"
#include "command/slow_log.hpp"
#include "command/timing.hpp"
#include "disk/posix_folder.hpp"
#include "disk/store.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

/// jemalloc reads it before main begins: huge pages, until main says that it has been enough.
extern "C" const char* malloc_conf;
const char* malloc_conf = "thp:always";

namespace {

/// The order is theirs to run in: what times sees everything, what refuses comes after.
std::shared_ptr<const kv::Hooks> hooks(const kv::Options& options, const std::string& token,
                                       const kv::MemTable& storage, kv::Load& load,
                                       const kv::Store* store) {
  kv::HooksBuilder hooks;
  if (options.slow_log_ms) kv::add_slow_log(hooks, std::chrono::milliseconds{*options.slow_log_ms});
  if (options.timing) kv::add_timing(hooks);
  kv::add_counter(hooks, load);
  if (!token.empty()) kv::add_auth(hooks, token);
  if (options.read_only) kv::add_read_only(hooks);
  kv::add_info(
      hooks, storage, load,
      store ? [store] { return store->info(); } : std::function<std::vector<kv::Entry>()>{});
  return hooks.build();
}

/// A final error of the log: what is on the disk is unknown, so nobody must hear another word. The
/// connections are closed by the kernel, unanswered, and nothing more is written.
void end_at_once(const kv::Error& error) {
  spdlog::critical("{}; the server ends, and a start reads what is on the disk", error.message);
  std::_Exit(static_cast<int>(kv::Exit::sync_failed));
}

kv::Sync sync_of(const std::string& fsync) {
  if (fsync == "always") return kv::Sync::always;
  if (fsync == "everysec") return kv::Sync::everysec;
  return kv::Sync::never;  // --fsync takes no other word
}

std::unique_ptr<kv::Store> open_store(const kv::Options& options, kv::MemTable& storage) {
  if (options.store == "memory") return nullptr;
  const kv::Store::Settings settings{.sync = sync_of(options.fsync),
                                     .snapshot_every = options.snapshot_every,
                                     .truncate = options.recover == "truncate",
                                     .must_exist = options.require_store,
                                     .before_changes = kv::hold_signals};
  return std::make_unique<kv::Store>(
      kv::open_posix_folder(options.data_dir, !options.require_store), storage, settings,
      end_at_once);
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_output = kv::open_standard_streams();
  kv::end_on_signals("kv-server: ended by a signal before it was ready\n");
  try {
    auto options = kv::parse_options(argc, argv);
    if (!options) return 0;
    kv::start_log(options->log_level);
    kv::log_protobuf_errors();
    options->max_connections = kv::connection_limit(options->max_connections, options->threads);
    const auto token =
        options->auth_token_file.empty() ? "" : kv::read_token(options->auth_token_file);
    kv::MemTable storage{
        kv::answer_limit(options->frame_bytes_max - (options->timing ? kv::timing_bytes_max : 0))};
    const auto store = open_store(*options, storage);
    // A start gives nothing back. From here on a huge page would hold what is free.
    (void)::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);  // else it only takes more memory
    kv::WatchHub watch_hub{options->frame_bytes_max};
    if (store) {
      storage.observe({&store->wal(), &watch_hub});  // first the log: what it refuses is no event
    } else {
      storage.observe({&watch_hub});
    }
    kv::Service service{storage, kv::items_limit(options->frame_bytes_max)};
    kv::Load load;
    const kv::Shared shared{*options,  service, hooks(*options, token, storage, load, store.get()),
                            watch_hub, load,    store ? &store->wal() : nullptr};
    {
      kv::Server server{shared};
      std::cout << "listening on " << server.endpoint() << std::endl;
      if (has_output) kv::flush_output(kv::Exit::cannot_start);
      server.run();
    }
    if (store) {
      if (const auto closed = store->close(); !closed) end_at_once(closed.error());
    }
    return 0;
  } catch (const kv::FatalError& error) {
    std::cerr << "kv-server: " << error.what() << '\n';
    return error.exit_status();
  } catch (const std::exception& error) {  // as when there are too few descriptors
    std::cerr << "kv-server: cannot start: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::cannot_start);
  }
}
