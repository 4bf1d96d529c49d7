#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// One command, as its name and arguments.
using Words = std::vector<std::string>;

/// Splits a line at white space, by the rules of Redis's inline commands: "double quotes" take \n
/// \r \t \b \a \xHH and \ before any other character, 'single quotes' take \' only. nullopt: a
/// quote that is not closed, or that is followed by something else than white space.
std::optional<Words> split_words(std::string_view line);

}  // namespace kv
