#pragma once

#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace kv {

/// Looks at eight bytes at a time: ASCII needs no other test, and most texts are ASCII.
inline bool is_ascii(std::string_view text) {
  std::uint64_t bits = 0, eight = 0;
  for (; text.size() >= sizeof(eight); text.remove_prefix(sizeof(eight))) {
    std::memcpy(&eight, text.data(), sizeof(eight));
    bits |= eight;
  }
  for (const char c : text) bits |= static_cast<unsigned char>(c);
  return (bits & 0x8080'8080'8080'8080) == 0;
}

/// As protobuf tests what is to be a string; it logs what is none.
inline bool is_utf8(std::string_view text) {
  using google::protobuf::internal::WireFormatLite;
  return is_ascii(text) ||
         WireFormatLite::VerifyUtf8String(text.data(), static_cast<int>(text.size()),
                                          WireFormatLite::PARSE, "of a request");
}

}  // namespace kv
