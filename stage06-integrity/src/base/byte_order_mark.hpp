#pragma once

#include <string>
#include <string_view>

namespace kv {

/// Takes U+FEFF off the front of a text in UTF-8. Some editors put it there, and nobody sees it.
inline void drop_byte_order_mark(std::string& text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with(mark)) text.erase(0, mark.size());
}

}  // namespace kv
