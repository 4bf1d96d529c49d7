#include "wire/frame.hpp"

#include <boost/endian/conversion.hpp>

#include <cstdint>
#include <string>
#include <utility>

#include "wire/foreign.hpp"

namespace kv {

Result<std::optional<std::string_view>> next_frame(std::string_view& input, std::size_t bytes_max) {
  if (input.size() < frame_header_bytes) return std::nullopt;
  const std::size_t length =
      boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(input.data()));
  if (length > bytes_max) {
    auto text =
        "frame of " + std::to_string(length) + " bytes; the limit is " + std::to_string(bytes_max);
    if (const char* guess = guess_protocol(input, bytes_max)) {
      text += std::string{". This looks like "} + guess +
              "; here a frame begins with its length, in 4 bytes, big-endian";
    }
    return Error{Status::too_large, std::move(text)};
  }
  if (input.size() < frame_header_bytes + length) return std::nullopt;
  const auto message = input.substr(frame_header_bytes, length);
  input.remove_prefix(frame_header_bytes + length);
  return message;
}

std::array<char, frame_header_bytes> frame_header(std::size_t message_bytes) {
  std::array<char, frame_header_bytes> header;
  boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(header.data()),
                               static_cast<std::uint32_t>(message_bytes));
  return header;
}

}  // namespace kv
