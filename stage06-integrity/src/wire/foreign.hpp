#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace kv {

/// A guess at what speaks, when it does not speak our protocol, by the first bytes that it has
/// sent: "HTTP". nullptr: no idea. A frame has `frame_bytes_max` at most.
const char* guess_protocol(std::string_view bytes, std::size_t frame_bytes_max);

/// Notes in the log that somebody has sent what is no frame: once a second at most, or whoever
/// knocks fills the disk. Any thread may call.
class ForeignLog {
 public:
  using Clock = std::chrono::steady_clock;

  /// `peer` sent `bytes`, and more, and was answered `why`.
  void add(const std::string& peer, std::string_view bytes, const std::string& why,
           Clock::time_point now = Clock::now());

 private:
  std::mutex mutex_;  // guards what follows
  Clock::time_point next_ = Clock::time_point::min();
  std::size_t left_out_ = 0;  // since the last line
};

}  // namespace kv
