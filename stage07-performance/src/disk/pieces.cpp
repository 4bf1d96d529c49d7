#include "disk/pieces.hpp"

#include <algorithm>
#include <utility>

namespace kv {

Pieces::Pieces(const File& file) : file_{&file} {
  const auto size = file.size();
  if (size) {
    size_ = *size;
  } else {
    error_ = size.error();
  }
}

std::string_view Pieces::at(std::uint64_t offset, std::uint64_t bytes) {
  constexpr std::uint64_t piece_bytes = 256 * 1024;
  if (error_ || offset >= size_) return {};
  bytes = std::min(bytes, size_ - offset);
  if (offset < offset_ || offset + bytes > offset_ + held_.size()) {
    auto read = file_->read_at(offset, std::max(bytes, piece_bytes));
    if (!read) {
      error_ = read.error();
      return {};
    }
    piece_ = std::move(*read);
    held_ = piece_;
    offset_ = offset;
  }
  return held_.substr(offset - offset_, bytes);  // fewer, where the file has become shorter
}

}  // namespace kv
