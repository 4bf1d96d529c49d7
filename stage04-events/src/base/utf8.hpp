#pragma once

#include <google/protobuf/wire_format_lite.h>

#include <string_view>

namespace kv {

/// As protobuf tests what is to be a string; it logs what is none.
inline bool is_utf8(std::string_view text) {
  using google::protobuf::internal::WireFormatLite;
  return WireFormatLite::VerifyUtf8String(text.data(), static_cast<int>(text.size()),
                                          WireFormatLite::PARSE, "of a request");
}

}  // namespace kv
