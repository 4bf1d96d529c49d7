#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kv {

/// What a server is told on its command line.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9527;  ///< 0: the kernel picks a free one
  std::string log_level = "info";
  bool allow_remote = false;
  std::uint32_t max_connections = 10'000;
};

/// nullopt when --help or --version has been answered and nothing is left to do.
/// Throws StartError(usage) with one line that names the flag and what it takes.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace kv
