#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.hpp"

// A frame: how many bytes follow, then that many bytes of one protobuf message.
//
//    0               4
//   +---------------+---------- - -
//   | length, big-  | message
//   | endian u32    |
//   +---------------+---------- - -

namespace kv {

inline constexpr std::size_t frame_header_bytes = 4;

/// Takes the first frame off the front of `input`: its message, a view into `input`. nullopt when
/// the frame is not there to its end. Error: it is longer than `bytes_max`, and the stream can't be
/// trusted further. Nothing is allocated: a length that somebody announces costs nothing.
Result<std::optional<std::string_view>> next_frame(std::string_view& input, std::size_t bytes_max);

/// The header of a frame with a message of so many bytes.
std::array<char, frame_header_bytes> frame_header(std::size_t message_bytes);

}  // namespace kv
