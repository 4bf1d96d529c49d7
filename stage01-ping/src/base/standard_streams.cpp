#include "base/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <system_error>

namespace kv {

bool open_standard_streams() {
  const bool has_output = ::fcntl(STDOUT_FILENO, F_GETFD) >= 0;
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    if (::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY) != stream) {
      std::perror("a standard stream is closed, and /dev/null cannot be opened in its place");
      std::_Exit(static_cast<int>(Exit::cannot_start));
    }
  }
  return has_output;
}

void flush_output(Exit lost) {
  if (std::cout.flush() && std::ferror(stdout) == 0) return;
  throw FatalError{lost,
                   "cannot write to standard output: " + std::generic_category().message(errno)};
}

}  // namespace kv
