#include "client/client_output.hpp"

#include <unistd.h>

#include <iostream>

#include "base/standard_streams.hpp"
#include "client/answer_json.hpp"
#include "client/client_command.hpp"
#include "client/value_text.hpp"

namespace kv {
namespace {

void escape(std::optional<Value>& value) {
  if (!value) return;
  if (auto* text = std::get_if<std::string>(&*value)) *text = escaped_controls(*text);
}

Response for_terminal(Response response) {
  response.message = escaped_controls(response.message);
  for (auto& value : response.values) escape(value);
  for (auto& pair : response.pairs) {
    pair.key = escaped_controls(pair.key);
    escape(pair.value);
  }
  return response;
}

}  // namespace

ClientOutput::ClientOutput(bool json)
    : json_{json},
      to_terminal_{::isatty(STDOUT_FILENO) == 1},
      errors_to_terminal_{::isatty(STDERR_FILENO) == 1} {}

void ClientOutput::answer(const Response& response) const {
  if (json_) return print(to_json(response) + "\n");
  print(to_text(to_terminal_ ? for_terminal(response) : response));
}

void ClientOutput::server_error(const Error& error) const {
  if (json_) return print(to_json(error) + "\n");
  note("error " + std::to_string(static_cast<unsigned>(error.status)) + ": " + error.message);
}

void ClientOutput::own_error(const Error& error) const {
  if (json_) return print(to_json(error) + "\n");
  note("kv-client: " + error.message);
}

void ClientOutput::note(const std::string& text) const {
  flush_output();  // keeps the two streams in order where they end on one screen
  std::cerr << (errors_to_terminal_ ? escaped_controls(text) : text) << '\n';
}

void ClientOutput::print(const std::string& text) const {
  std::cout << text;
  flush_output();
}

}  // namespace kv
