#include "client/client_shell.hpp"

#include <unistd.h>

#include <boost/algorithm/string/predicate.hpp>
#include <cstdio>
#include <iostream>

#include "base/byte_order_mark.hpp"
#include "base/fatal_error.hpp"
#include "client/client_command.hpp"

namespace kv {
namespace {

bool is_command(const Words& words, const char* name) {
  return words.size() == 1 && boost::iequals(words[0], name);
}

/// Ends with the connection, which is thrown, or when the server has an error to tell.
int print_events(Client& client, const ClientOutput& output) {
  while (true) {
    const auto event = client.next_event();
    if (!event) {
      output.server_error(event.error());
      return static_cast<int>(Exit::error_answer);
    }
    output.answer(*event);
  }
}

/// Whether all went well with one line of standard input.
bool run_line(Client& client, const ClientOutput& output, const std::string& line) try {
  const auto words = split_words(line);
  if (!words) {
    output.own_error({Status::bad_request, "a quote is not closed: " + line});
    return false;
  }
  return words->empty() || run_command(client, output, *words) == 0;
} catch (const ConnectionLost& lost) {
  output.own_error({Status{}, std::string{lost.what()} + " (the next command connects again)"});
  return false;
}

}  // namespace

int run_command(Client& client, const ClientOutput& output, const Words& words) {
  if (is_command(words, "help")) {
    output.answer({.message = client_commands});
    return 0;
  }
  const auto command = client_command(words);
  if (!command) {
    output.own_error(command.error());
    return static_cast<int>(Exit::usage);
  }
  if (client.closed_by_server()) {
    output.note("kv-client: the server had closed the connection; connecting again");
  }
  const auto answer = client.ask(*command);
  if (!answer) {
    output.server_error(answer.error());
    return static_cast<int>(Exit::error_answer);
  }
  output.answer(*answer);
  if (std::holds_alternative<Watch>(*command)) return print_events(client, output);
  return 0;
}

int run_shell(Client& client, const ClientOutput& output) {
  // The prompt is for a person who sees it and what comes after it, and not for a file.
  const bool person = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  bool any_error = false;
  const auto prompt = [person] {
    if (person) std::cout << "kv> " << std::flush;
  };
  std::string line;
  for (prompt(); std::getline(std::cin, line); prompt()) {
    drop_byte_order_mark(line);  // files of commands may have been put one after the other
    const auto words = split_words(line);
    if (words && (is_command(*words, "quit") || is_command(*words, "exit"))) break;
    any_error |= !run_line(client, output, line);
  }
  if (std::ferror(stdin) != 0)
    throw FatalError{Exit::usage, "cannot read commands from standard input"};
  return any_error ? 1 : 0;
}

}  // namespace kv
