#pragma once

#include <string>

#include "base/result.hpp"
#include "command/command.hpp"

// Answers as a script reads them: an object a line, always with the same four members.
//
//   {"status":200,"message":"","values":["red",7,null],"pairs":[{"key":"k","value":1.5}]}
//
// A string, true or false, and an absent value (null) stand as what they are. So does an integer up
// to 2^53, and a float, which always has a point or an exponent. What readers of JSON would change
// is an object that names its type: {"int":"9223372036854775807"}, for most read numbers as floats;
// {"float":"nan"}, or "inf", "-inf"; {"hex":"00ff"} for binary.

namespace kv {

std::string to_json(const Response& response);

/// An error looks like an answer, without values; its status is not 200.
std::string to_json(const Error& error);

}  // namespace kv
