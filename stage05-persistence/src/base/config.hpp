#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/fatal_error.hpp"

// A configuration file:
//
//   # a comment, on a line of its own
//   max-frame = 65536
//   log-level = "warn"
//
// One KEY=VALUE a line, blanks around either do not count. A value may stand in double quotes, and
// has to when it has a # behind a blank, which others take for a comment. No value is empty, no key
// is there twice, and there are no sections.

namespace kv {

struct Setting {
  std::string key;
  std::string value;
  std::size_t line;  ///< from 1
};

/// Throws FatalError(usage): the file cannot be read, or a line is none of these.
std::vector<Setting> read_config(const std::string& file);

/// What is wrong in a line of the file, for the reader of the message.
FatalError config_error(const std::string& file, std::size_t line, const std::string& what);

}  // namespace kv
