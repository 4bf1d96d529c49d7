#pragma once

#include <string>

#include "search.hpp"

namespace kv::test {

/// What happened, in its order, what the disk kept of it, and what the next start makes of that, in
/// lines of at most 80 characters.
std::string draw(const Loss& loss);

}  // namespace kv::test
