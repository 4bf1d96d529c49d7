#include "base/signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace kv {
namespace {

const char* last_line = "";

/// Only what a signal may do at any moment; and it does not wait for a reader.
void end(int) {
  pollfd error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&error, 1, 0) == 1) (void)!::write(error.fd, last_line, std::strlen(last_line));
  std::_Exit(0);
}

}  // namespace

void end_on_signals(const char* line) {
  last_line = line;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, end);
}

}  // namespace kv
