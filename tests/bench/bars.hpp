#pragma once

#include <string>

namespace kv::bench {

/// What stage 7 is to reach at a point, for a cell of the table; empty where nothing is said.
std::string bar_of(const std::string& scenario, const std::string& metric,
                   const std::string& point);

}  // namespace kv::bench
