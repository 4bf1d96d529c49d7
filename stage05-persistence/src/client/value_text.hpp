#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "table/value.hpp"

// Typed values as a person writes and reads them in kv-client.

namespace kv {

/// "int:42", "float:1.5", "bool:true", "hex:00ff", "str:int:42"; without a type it is a string.
/// Error: the type is there and the value is none of it.
Result<Value> value_from_text(const std::string& text);

/// The value alone, without its type; binary as hex:..., an absent one as (nil).
std::string to_text(const std::optional<Value>& value);

/// With \xHH for the bytes of control characters, also for those from U+0080 to U+009F.
std::string escaped_controls(std::string_view text);

}  // namespace kv
