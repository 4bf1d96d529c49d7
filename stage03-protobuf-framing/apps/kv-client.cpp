#include <algorithm>
#include <cctype>
#include <iostream>
#include <new>
#include <string>

#include "base/fatal_error.hpp"
#include "base/flags.hpp"
#include "base/standard_streams.hpp"
#include "client/client_command.hpp"
#include "client/client_shell.hpp"

namespace {

/// -p and --port, and not - or -5.
bool looks_like_flag(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         (word[1] == '-' || std::isalpha(static_cast<unsigned char>(word[1])) != 0);
}

/// The words of the command: a flag behind it would be stored, unless -- says that it is none.
kv::Words command_in(kv::Words words) {
  const auto end = std::ranges::find(words, "--");
  const auto flag = std::find_if(words.begin(), end, looks_like_flag);
  if (flag != end) {
    const bool first = flag == words.begin();
    throw CLI::ValidationError{*flag, first ? "there is no such flag"
                                            : "flags stand before the command, and what only "
                                              "looks like one behind a --"};
  }
  if (end != words.end()) words.erase(end);
  return words;
}

int run(int argc, char** argv) {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9527;
  std::chrono::milliseconds timeout{10'000};
  bool json = false;
  CLI::App app{
      "Sends a command to a kv-server; without one, the commands on standard input, a line each."};
  app.set_version_flag("--version", "kv-client " KV_STAGE);
  kv::add_name(app, "--host", host, "where the server is")->capture_default_str();
  kv::add_number<std::uint16_t>(app, "--port", port, "the server's port", 1);
  kv::add_seconds(app, "--timeout", timeout, "seconds to wait for an answer; 0 any");
  kv::add_switch(app, "--json", json, "print each answer, and each error, as an object in a line");
  app.footer(std::string{"COMMAND: "} + kv::client_commands);
  app.prefix_command();  // the command and what follows it stays as typed, whatever it looks like
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answered) {  // --help or --version
    app.exit(answered);
    kv::flush_output();
    return 0;
  }
  const kv::Words words = command_in(app.remaining());
  kv::Client client{host, port, timeout};
  const kv::ClientOutput output{json};
  return words.empty() ? kv::run_shell(client, output) : kv::run_command(client, output, words);
}

}  // namespace

int main(int argc, char** argv) {
  (void)kv::open_standard_streams();  // without an output all that is printed is lost, as it was
  try {
    return run(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::cerr << "kv-client: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::usage);
  } catch (const kv::FatalError& error) {
    std::cerr << "kv-client: " << error.what() << '\n';
    return error.exit_status();
  } catch (const std::bad_alloc&) {
    std::cerr << "kv-client: too little memory for the answer\n";
    return static_cast<int>(kv::Exit::no_connection);
  }
}
