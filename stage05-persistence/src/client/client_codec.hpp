#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "command/command.hpp"

// The codec of the other side, kv-client: commands to messages, messages to responses.

namespace kv {

std::string encode_request(const Request& request);  ///< a message, without its frame

/// Error: not a CommandResponse.
Result<Response> decode_response(std::string_view message);

}  // namespace kv
