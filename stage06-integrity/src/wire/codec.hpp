#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "command/command.hpp"
#include "table/storage.hpp"

// Between protobuf messages (proto/kv.proto) and commands, of the server; the client's side is
// client_codec.hpp.

namespace kv {

/// Error: no message, or one that asks for nothing that can be done: no command, no table, ... Of
/// more than items_max keys or pairs, some are left out: more than it is all the same.
Result<Request> decode(std::string_view message, std::size_t items_max = SIZE_MAX);

/// How many bytes the response takes on the wire; the header of its frame comes on top.
std::size_t wire_bytes(const Response& response);

/// Appends the response to `out` as a frame; when that would be longer than `frame_bytes_max`, a
/// too_large response in its place.
void encode(const Response& response, std::size_t frame_bytes_max, std::string& out);

/// The answers that fit into a frame, to the byte.
AnswerLimit answer_limit(std::size_t frame_bytes_max);

/// Protobuf prints what it complains about to standard error; from now on it goes to our log.
void log_protobuf_errors();

}  // namespace kv
