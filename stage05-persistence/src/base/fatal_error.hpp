#pragma once

#include <stdexcept>
#include <string>

namespace kv {

/// Exit statuses of the programs, beside 0.
enum class Exit : int {
  cannot_start = 1,   ///< kv-server: port in use, ...
  error_answer = 1,   ///< kv-client: the server answered with an error
  usage = 2,          ///< a bad flag or argument
  no_connection = 3,  ///< kv-client only
  damaged = 65,       ///< the data folder
  sync_failed = 70,   ///< or another error that leaves unknown what is on the disk
  output_lost = 74,   ///< what was printed has not arrived
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
