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

void set_mask(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  (void)::pthread_sigmask(how, &signals, nullptr);  // it fails only for a wrong `how`
}

}  // namespace

void end_on_signals(const char* line) {
  last_line = line;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, end);
}

void hold_signals() { set_mask(SIG_BLOCK); }
void release_signals() { set_mask(SIG_UNBLOCK); }

}  // namespace kv
