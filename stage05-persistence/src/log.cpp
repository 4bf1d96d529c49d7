#include "log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace kv {

void start_log(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("kv"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  spdlog::set_level(spdlog::level::from_str(level));
}

std::string escaped(std::string_view bytes) {
  constexpr std::size_t shown_max = 64;
  std::string text;
  for (const char c : bytes.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  if (bytes.size() > shown_max) text += "...";
  return text;
}

}  // namespace kv
