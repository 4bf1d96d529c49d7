#include "base/options.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <iostream>
#include <thread>

#include "base/config.hpp"
#include "base/fatal_error.hpp"
#include "base/flags.hpp"
#include "base/log.hpp"
#include "base/standard_streams.hpp"

namespace kv {
namespace {

void add_flags(CLI::App& app, Options& options) {
  app.add_option("--host", options.host, "IP address to listen on")->capture_default_str();
  add_number<std::uint16_t>(app, "--port", options.port, "port to listen on; 0 picks a free one");
  app.add_option("--log-level", options.log_level, "what to log, on standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  add_switch(app, "--allow-remote", options.allow_remote,
             "permit a --host that other machines can reach");
  add_number<std::uint32_t>(app, "--max-connections", options.max_connections, "clients at a time",
                            1);
  add_number<std::uint32_t>(app, "--threads", options.threads, "threads that serve clients", 1,
                            256);
  add_number<std::size_t>(app, "--max-frame", options.frame_bytes_max, "bytes of the largest frame",
                          1024, 64 * 1024 * 1024);
  add_seconds(app, "--idle-timeout", options.idle_timeout,
              "seconds until an idle client is closed; 0 never");
  add_seconds(app, "--frame-timeout", options.frame_timeout,
              "seconds in which a frame must arrive; 0 any");
  add_number<std::uint32_t>(app, "--slow-log-ms", options.slow_log_ms,
                            "log commands that take this long, in milliseconds");
  add_switch(app, "--timing", options.timing,
             "tell a client how long its command took, in a message that is empty");
  add_switch(app, "--read-only", options.read_only, "refuse commands that write");
  add_name(app, "--auth-token-file", options.auth_token_file,
           "file with the token that clients need");
  app.add_option("--store", options.store,
                 "where data lives: memory, or wal, which outlives a restart")
      ->check(CLI::IsMember({"memory", "wal"}))
      ->capture_default_str();
  add_name(app, "--data-dir", options.data_dir, "folder of the log and the snapshots")
      ->capture_default_str();
  add_switch(app, "--require-store", options.require_store,
             "begin no new store: one must be in --data-dir already");
  app.add_option("--fsync", options.fsync,
                 "when a change is safe: on the disk, each second, or when written")
      ->check(CLI::IsMember({"always", "everysec", "never"}))
      ->capture_default_str();
  add_number<std::uint64_t>(app, "--snapshot-every", options.snapshot_every,
                            "bytes of log from one snapshot to the next; 0 never");
  app.add_option("--recover", options.recover, "truncate: start with what is before the damage")
      ->check(CLI::IsMember({"truncate"}))
      ->configurable(false);  // it is about the damage of today, and not of any later day
  add_name(app, "--config", options.config_file,
           "file of KEY=VALUE lines; the keys are these flags, without dashes")
      ->configurable(false);
}

/// Each line is a flag; on the command line it counts more.
void apply_config(CLI::App& app, const std::string& file) {
  for (const auto& [key, value, line] : read_config(file)) {
    CLI::Option* option = app.get_option_no_throw("--" + key);
    if (!option) throw config_error(file, line, "there is no flag --" + escaped(key));
    if (!option->get_configurable()) {
      throw config_error(file, line, "--" + key + " belongs on the command line only");
    }
    if (option->count() > 0) continue;
    try {
      option->add_result(value);
      option->run_callback();
    } catch (const CLI::ParseError& error) {
      throw config_error(file, line, error.what());
    }
  }
}

void check_host(Options& options) {
  if (options.host == "localhost") options.host = "127.0.0.1";
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(options.host, bad);
  if (bad) {
    throw FatalError{Exit::usage,
                     "--host: '" + options.host + "' is not an IP address, such as 127.0.0.1"};
  }
  if (!address.is_loopback() && options.auth_token_file.empty() && options.allow_remote) {
    throw FatalError{Exit::usage,
                     "--allow-remote needs --auth-token-file, or anybody can do anything"};
  }
  if (!address.is_loopback() && !options.allow_remote) {
    throw FatalError{Exit::usage,
                     "--host " + options.host +
                         " can be reached from other machines, and nothing here is encrypted: "
                         "add --allow-remote if that is what you want"};
  }
}

void check_store(const Options& options) {
  if (options.require_store && options.store == "memory")
    throw FatalError{Exit::usage, "--require-store needs --store wal: memory begins empty"};
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  CLI::App app{"A key-value server, built in stages."};
  app.set_version_flag("--version", "kv-server " KV_STAGE);
  add_flags(app, options);
  try {
    refuse_empty_values(argc, argv);
    app.parse(argc, argv);
    if (!options.config_file.empty()) apply_config(app, options.config_file);
    check_host(options);
    check_store(options);
  } catch (const CLI::Success& answered) {  // --help or --version
    app.exit(answered, std::cout, std::cerr);
    flush_output();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw FatalError{Exit::usage, error.what()};
  }
  return options;
}

}  // namespace kv
