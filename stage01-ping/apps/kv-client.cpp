#include <iostream>
#include <string>

#include "base/flags.hpp"
#include "base/start_error.hpp"
#include "client/client_command.hpp"
#include "client/client_shell.hpp"

int main(int argc, char** argv) {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9527;
  CLI::App app{
      "Sends a command to a kv-server; without one, the commands on standard input, a line each."};
  app.set_version_flag("--version", "kv-client " KV_STAGE);
  app.add_option("--host", host, "where the server is")->capture_default_str();
  kv::add_number<std::uint16_t>(app, "--port", port, "the server's port", 1);
  app.footer(std::string{"COMMAND: "} + kv::client_commands);
  app.prefix_command();  // the command and what follows it stays as typed, whatever it looks like
  try {
    app.parse(argc, argv);
    kv::Words words = app.remaining();
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    if (!words.empty() && words.front().starts_with('-'))
      throw CLI::ValidationError{words.front(), "there is no such flag"};
    kv::Client client{host, port};
    return words.empty() ? kv::run_shell(client) : kv::run_command(client, words);
  } catch (const CLI::Success& answered) {  // --help or --version
    return app.exit(answered);
  } catch (const CLI::ParseError& error) {
    std::cerr << "kv-client: " << error.what() << '\n';
    return static_cast<int>(kv::Exit::usage);
  } catch (const kv::StartError& error) {
    std::cerr << "kv-client: " << error.what() << '\n';
    return error.exit_status();
  }
}
