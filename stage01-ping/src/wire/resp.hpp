#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/words.hpp"

// The Redis protocol, RESP2 (redis.io, "Redis serialization protocol specification"):
//
//   request  = array of bulk strings:  "*" count CRLF, then count times  "$" length CRLF bytes CRLF
//            | inline:                 words separated by spaces, LF or CRLF
//   reply    = "+" text CRLF            a simple string
//            | "-" text CRLF            an error
//            | ":" number CRLF          an integer
//            | "$" length CRLF bytes CRLF     a bulk string;  "$-1" CRLF is nil
//            | "*" count CRLF and count replies
//
// The texts of errors are Redis's own, so that its clients understand them. Its leniency is ours,
// too: since lengths say where everything begins, nobody looks at the CRLF behind a bulk string's
// bytes, nor at the LF behind a count or a length. Any bytes will do there.

namespace kv {

namespace resp {

inline constexpr std::size_t line_bytes_max = 64 * 1024;           // Redis's PROTO_INLINE_MAX_SIZE
inline constexpr std::int64_t words_max = 1024 * 1024;             // Redis's limit of a multibulk
inline constexpr std::size_t request_bytes_max = 4 * 1024 * 1024;  // of all words of one request

void append_simple(std::string& out, std::string_view text);
void append_error(std::string& out, std::string_view text);  // CR and LF in it become spaces
void append_integer(std::string& out, std::int64_t number);
void append_bulk(std::string& out, std::string_view bytes);
void append_nil(std::string& out);
void append_array(std::string& out, std::size_t count);  // the elements are appended next

/// Only as it would be printed: no zeros in front, no minus in front of zero.
std::optional<std::int64_t> to_number(std::string_view digits);

/// Whether a client's word is this name, of a command or an option, in any case.
bool is_name(std::string_view word, std::string_view name);

}  // namespace resp

/// Finds commands in the bytes of one connection. It remembers the words of a command begun, so of
/// bytes that come in pieces only an unfinished line, or the length of an unfinished word, is read
/// again. A length is checked before it is believed, and nothing is allocated for bytes that have
/// not come.
class RespReader {
 public:
  /// Takes what it can off the front of `input`. A command; or nullopt, when more bytes are needed
  /// (those that are left must be shown again, with what follows them); or an error, after which
  /// the stream makes no sense any more and has to be closed.
  Result<std::optional<Words>> next(std::string_view& input);

 private:
  Result<std::optional<std::string>> next_bulk(std::string_view& input);

  Words words_;  // of the array that is being read
  std::int64_t words_missing_ = 0;
  std::size_t request_bytes_ = 0;  // in words_
};

}  // namespace kv
