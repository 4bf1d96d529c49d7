#include "client/client_command.hpp"

namespace kv {

const char* const client_commands = "ping [MESSAGE]";

Result<Words> client_command(const Words& words) {
  if (words[0] != "ping") {
    return Error{Status::bad_request,
                 "unknown command '" + words[0] + "'; the commands are: " + client_commands};
  }
  if (words.size() > 2) return Error{Status::bad_request, "usage: ping [MESSAGE]"};
  return words;
}

}  // namespace kv
