#include "client_shell.hpp"

#include <unistd.h>

#include <iostream>

#include "client_command.hpp"
#include "start_error.hpp"

namespace kv {
namespace {

int report(Exit status, const std::string& text) {
  std::cout.flush();  // keeps the two streams in order where they end on one screen
  std::cerr << text << '\n';
  return static_cast<int>(status);
}

/// The server answered with an error.
int report(const Error& error) {
  const auto status = std::to_string(static_cast<unsigned>(error.status));
  return report(Exit::error_answer, "error " + status + ": " + error.message);
}

/// Ends with the connection, which is thrown, or when the server has an error to tell.
int print_events(Client& client) {
  while (true) {
    const auto event = client.next_event();
    if (!event) return report(event.error());
    std::cout << to_text(*event) << std::flush;
  }
}

}  // namespace

int run_command(Client& client, const Words& words) {
  const auto command = client_command(words);
  if (!command) return report(Exit::usage, "kv-client: " + command.error().message);
  const auto answer = client.ask(*command);
  if (!answer) return report(answer.error());
  std::cout << to_text(*answer) << std::flush;
  if (std::holds_alternative<Watch>(*command)) return print_events(client);
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
