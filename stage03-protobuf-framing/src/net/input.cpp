#include "net/input.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace kv {

std::optional<boost::asio::mutable_buffer> Input::prepare() {
  const auto room = buffer_.prepare(read_bytes_);
  if (charge() && load_.input_bytes > input_bytes_max) {
    drop();
    return std::nullopt;
  }
  if (buffer_.size() > 0 && !frame_begun_) frame_begun_ = Clock::now();
  return room;
}

void Input::commit(std::size_t bytes) {
  buffer_.commit(bytes);
  if (bytes >= read_bytes_) read_bytes_ = std::min(2 * read_bytes_, read_bytes_max);
}

void Input::consume(std::size_t bytes) {
  if (bytes > 0) frame_begun_.reset();
  buffer_.consume(bytes);
  if (buffer_.capacity() > std::max(kept_bytes_max, 4 * buffer_.size())) buffer_.shrink_to_fit();
  if (buffer_.size() == 0 || buffer_.capacity() < charged_bytes_) (void)charge();
}

void Input::drop() {
  buffer_.clear();
  buffer_.shrink_to_fit();
  (void)charge();
}

/// True: it counts for something else than before. An empty buffer counts for nothing.
bool Input::charge() {
  const std::size_t bytes = buffer_.size() == 0 ? 0 : buffer_.capacity();
  if (bytes == charged_bytes_) return false;
  load_.input_bytes -= charged_bytes_;
  load_.input_bytes += bytes;
  charged_bytes_ = bytes;
  return true;
}

}  // namespace kv
