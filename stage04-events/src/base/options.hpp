#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace kv {

/// What a server is told on its command line and in its configuration file.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9527;  ///< 0: the kernel picks a free one
  std::string log_level = "info";
  bool allow_remote = false;
  std::uint32_t max_connections = 10'000;
  std::uint32_t threads = 1;  ///< parse_options: one for each core, unless told
  std::size_t frame_bytes_max = 4 * 1024 * 1024;
  std::chrono::milliseconds idle_timeout{300'000};  ///< 0: none
  /// From a frame's first byte to its last; 0: none.
  std::chrono::milliseconds frame_timeout{10'000};
  std::optional<std::uint32_t> slow_log_ms = {};  ///< nullopt: nothing is logged
  bool timing = false;                            ///< a note in each answer that has no message
  bool read_only = false;
  std::string auth_token_file = {};  ///< empty: who connects is trusted
  std::string config_file = {};      ///< empty: none
};

/// nullopt when --help or --version has been answered and nothing is left to do.
/// Throws FatalError(usage) with one line that names the flag, or the file and its line, and what
/// is expected; FatalError(output_lost) when nobody can read the help.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace kv
