#include "disk/pieces.hpp"

#include <algorithm>
#include <span>

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
  if (!file_) return {begin_ + offset, bytes};
  if (offset < offset_ || offset + bytes > offset_ + held_) {
    const auto wanted = std::min(std::max(bytes, piece_bytes), size_ - offset);
    if (wanted > capacity_) {
      buffer_ = std::make_unique_for_overwrite<char[]>(wanted);  // zeros would take their time
      capacity_ = wanted;
    }
    const auto read = file_->read_into(std::span{buffer_.get(), wanted}, offset);
    if (!read) {
      error_ = read.error();
      return {};
    }
    offset_ = offset;
    held_ = *read;
    bytes = std::min(bytes, held_);  // the file has become shorter
  }
  return {buffer_.get() + (offset - offset_), bytes};
}

}  // namespace kv
