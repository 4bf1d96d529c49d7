#include "base/options.hpp"

#include <boost/asio/ip/address.hpp>

#include <iostream>

#include "base/flags.hpp"
#include "base/standard_streams.hpp"
#include "base/start_error.hpp"

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
}

void check_host(Options& options) {
  if (options.host == "localhost") options.host = "127.0.0.1";
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(options.host, bad);
  if (bad) {
    throw StartError{Exit::usage,
                     "--host: '" + options.host + "' is not an IP address, such as 127.0.0.1"};
  }
  if (!address.is_loopback() && !options.allow_remote) {
    throw StartError{Exit::usage,
                     "--host " + options.host +
                         " can be reached from other machines, and nothing here is encrypted: "
                         "add --allow-remote if that is what you want"};
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{"A key-value server, built in stages."};
  app.set_version_flag("--version", "kv-server " KV_STAGE);
  add_flags(app, options);
  try {
    refuse_empty_values(argc, argv);
    app.parse(argc, argv);
    check_host(options);
  } catch (const CLI::Success& answered) {  // --help or --version
    app.exit(answered, std::cout, std::cerr);
    flush_output();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw StartError{Exit::usage, error.what()};
  }
  return options;
}

}  // namespace kv
