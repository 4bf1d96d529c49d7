#include "command/auth.hpp"

#include <fstream>
#include <sstream>
#include <utility>

#include "base/byte_order_mark.hpp"
#include "base/fatal_error.hpp"
#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace kv {
namespace {

constexpr unsigned wrong_tokens_max = 3;

/// Compares in a time that tells nothing about where the two differ.
bool same_token(const std::string& given, const std::string& token) {
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ token[i % token.size()]);
  }
  return difference == 0;
}

}  // namespace

std::string read_token(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  std::ostringstream text;
  if (stream.peek() != std::char_traits<char>::eof()) text << stream.rdbuf();  // else it fails
  if (!stream || !text)
    throw FatalError{Exit::cannot_start, "cannot read a token from the file " + file};
  std::string token = text.str();
  drop_byte_order_mark(token);
  if (token.ends_with("\r\n")) token.erase(token.size() - 2, 1);  // the \n is left
  if (token.ends_with('\n')) token.pop_back();
  if (token.empty()) throw FatalError{Exit::cannot_start, "no token in the token file " + file};
  if (token.size() > token_bytes_max || !is_utf8(token)) {  // no client could send it
    throw FatalError{Exit::cannot_start, "the token in " + file + " is not UTF-8 of up to " +
                                             std::to_string(token_bytes_max) + " bytes"};
  }
  return token;
}

void add_auth(HooksBuilder& hooks, std::string token) {
  hooks.on_received([token = std::move(token)](Exchange& exchange,
                                               const Request& request) -> std::optional<Response> {
    Connection& connection = exchange.connection;
    if (const auto* auth = std::get_if<Auth>(&request)) {
      if (same_token(auth->token, token)) {
        connection.authenticated = true;
        return Response{};
      }
      connection.close = ++connection.wrong_tokens >= wrong_tokens_max;
      return Response{.status = Status::unauthorized, .message = "wrong token"};
    }
    if (connection.authenticated) return std::nullopt;
    return Response{.status = Status::unauthorized,
                    .message = "AUTH with the token must come first"};
  });
}

}  // namespace kv
