#pragma once

#include <stdexcept>
#include <string>

namespace kv {

/// Stands in your workspace where a function is still to be written: `./learn check` says which.
[[noreturn]] inline void not_written(const char* function) {
  throw std::logic_error{std::string{function} + " is not written yet"};
}

}  // namespace kv

using kv::not_written;  // main stands in no namespace
