#pragma once

#include <cstddef>
#include <string_view>

#include "command/service.hpp"

namespace kv {

/// Has memory look for the row that the next frame in `input` asks for, while we do something else:
/// a row among many is in no cache, and to wait for memory takes as long as hundreds of
/// instructions. Nothing depends on it. A frame that is not there to its end, is longer than
/// `bytes_max`, or asks for no single row is passed over.
void prefetch_next(std::string_view input, std::size_t bytes_max, const Service& service);

}  // namespace kv
