#pragma once

#include <stdexcept>
#include <string>

namespace kv {

/// Exit statuses of the server, beside 0.
enum class Exit : int {
  cannot_start = 1,  ///< port in use, ...
  usage = 2,         ///< a bad flag
  output_lost = 74,  ///< what was printed has not arrived
};

/// Thrown where a program cannot go on; main prints the text, one line, and exits with the status.
class FatalError : public std::runtime_error {
 public:
  FatalError(Exit status, const std::string& message)
      : std::runtime_error{message}, status_{status} {}
  int exit_status() const { return static_cast<int>(status_); }

 private:
  Exit status_;
};

}  // namespace kv
