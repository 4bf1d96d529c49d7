#pragma once

#include "base/result.hpp"
#include "command/command.hpp"

namespace kv {

/// Where kv-client prints what it has to tell: answers on standard output, as lines for people or
/// with --json an object a line for scripts; errors on standard error, with --json among the
/// answers. On a terminal control characters are escaped, or who stored them would control it.
/// Throws FatalError(output_lost) when an answer cannot be written.
class ClientOutput {
 public:
  explicit ClientOutput(bool json);

  void answer(const Response& response) const;
  void server_error(const Error& error) const;  ///< the server's answer
  void own_error(const Error& error) const;     ///< nothing that the server said
  void note(const std::string& text) const;     ///< for whoever looks on, and never in JSON

 private:
  void print(const std::string& text) const;

  bool json_;
  bool to_terminal_;
  bool errors_to_terminal_;
};

}  // namespace kv
