#include "client/client_shell.hpp"

#include <unistd.h>

#include <iostream>

#include "base/start_error.hpp"
#include "client/client_command.hpp"

namespace kv {
namespace {

int report(Exit status, const std::string& text) {
  std::cout.flush();  // keeps the two streams in order where they end on one screen
  std::cerr << text << '\n';
  return static_cast<int>(status);
}

/// The server answered with an error.
int report(const Error& error) { return report(Exit::error_answer, "error: " + error.message); }

}  // namespace

int run_command(Client& client, const Words& words) {
  const auto command = client_command(words);
  if (!command) return report(Exit::usage, "kv-client: " + command.error().message);
  const auto answer = client.ask(*command);
  if (!answer) return report(answer.error());
  std::cout << *answer << std::flush;
  return 0;
}

int run_shell(Client& client) {
  const bool person = ::isatty(STDIN_FILENO) == 1;
  bool any_error = false;
  const auto prompt = [person] {
    if (person) std::cout << "kv> " << std::flush;
  };
  std::string line;
  for (prompt(); std::getline(std::cin, line); prompt()) {
    const auto words = split_words(line);
    if (!words) {
      any_error = true;
      (void)report(Exit::usage, "kv-client: a quote is not closed: " + line);  // the shell goes on
    } else if (!words->empty()) {
      any_error |= run_command(client, *words) != 0;
    }
  }
  return any_error ? 1 : 0;
}

}  // namespace kv
