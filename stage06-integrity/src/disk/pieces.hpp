#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "disk/folder.hpp"

namespace kv {

/// The bytes of a file for somebody who goes through it from its beginning to its end: a piece of
/// it is in memory at a time, or as much as is asked for. A text is in memory already.
class Pieces {
 public:
  explicit Pieces(const File& file);  ///< the file must outlive it
  explicit Pieces(std::string_view bytes) : size_{bytes.size()}, held_{bytes} {}

  std::uint64_t size() const { return size_; }

  /// So many bytes from an offset on, fewer at the end of the file, none after an error. Valid
  /// until the next call.
  std::string_view at(std::uint64_t offset, std::uint64_t bytes);

  /// Of the first read that failed.
  const std::optional<Error>& error() const { return error_; }

 private:
  const File* file_ = nullptr;
  std::uint64_t size_ = 0;
  std::string piece_;         // of the file
  std::string_view held_;     // what is in memory: the piece, or the text
  std::uint64_t offset_ = 0;  // where that begins
  std::optional<Error> error_;
};

}  // namespace kv
