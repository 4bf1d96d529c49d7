#pragma once

#include <string>

#include "base/result.hpp"
#include "command/command.hpp"
#include "table/storage.hpp"
#include "wire/words.hpp"

// Between the words of Redis's protocol (resp.hpp) and commands.

namespace kv {

/// The shape that Redis gives the reply to a command.
enum class ReplyShape { pong, echo, value, values, pairs, count, done };

struct Call {
  Request request;
  ReplyShape shape;
};

/// Error: no such command, or not with so many arguments; in Redis's words.
Result<Call> decode(Words words);

/// Appends the reply to `out`.
void encode(const Response& response, ReplyShape shape, std::string& out);

/// answer_bytes_max, in bytes of this wire. What a write replaces is not sent, and not counted.
AnswerLimit answer_limit();

}  // namespace kv
