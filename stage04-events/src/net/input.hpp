#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

#include "command/load.hpp"
#include "net/deadline.hpp"

namespace kv {

/// What a connection has received and not yet executed, in one piece. It grows with the bytes that
/// come, never with a length announced. As long as a frame in it is unfinished, it counts for what
/// the inputs of all connections may take together, input_bytes_max.
class Input {
 public:
  explicit Input(Load& load) : load_{load} {}
  ~Input() { drop(); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// Room for one read: more of it while reads come back full. nullopt: the inputs of all
  /// connections are too large together; this one has been dropped.
  std::optional<boost::asio::mutable_buffer> prepare();
  void commit(std::size_t bytes);  ///< so many have been read into the room

  std::string_view bytes() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }
  void consume(std::size_t bytes);  ///< the first so many have been executed
  void drop();

  /// When its unfinished frame was; nullopt: there is none.
  std::optional<Clock::time_point> frame_begun() const { return frame_begun_; }

 private:
  bool charge();

  Load& load_;
  boost::beast::flat_buffer buffer_;
  std::size_t read_bytes_ = 512;  // what the next read takes
  std::size_t charged_bytes_ = 0;
  std::optional<Clock::time_point> frame_begun_;
};

}  // namespace kv
