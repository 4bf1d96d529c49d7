#include "base/log.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <memory>
#include <mutex>

namespace kv {
namespace {

using spdlog::details::log_msg;

/// Standard error, for a server that goes on whatever becomes of it: a line that cannot be written
/// at once is dropped, and later a line says how many were.
class StandardError : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const log_msg& message) override {
    // The last line before the end is worth a moment.
    const int wait_ms = message.level == spdlog::level::critical ? 1000 : 0;
    if (dropped_ > 0) {
      const auto gap = fmt::format("{} lines are missing here: nobody read them", dropped_);
      if (write({message.time, {}, message.logger_name, spdlog::level::warn, gap}, wait_ms)) {
        dropped_ = 0;
      }
    }
    if (dropped_ > 0 || !write(message, wait_ms)) ++dropped_;
  }

  void flush_() override {}  // nothing is kept

  bool write(const log_msg& message, int wait_ms) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (line.size() > PIPE_BUF) {  // a pipe that has any room takes as much without waiting
      line.resize(PIPE_BUF);
      line[PIPE_BUF - 1] = '\n';
    }
    ::pollfd ready{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&ready, 1, wait_ms) == 1 &&
           ::write(STDERR_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

  std::size_t dropped_ = 0;  // since the last line that was written
};

}  // namespace

void start_log(const std::string& level) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of the log that goes away does not take us with it
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("kv", std::make_shared<StandardError>()));
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
