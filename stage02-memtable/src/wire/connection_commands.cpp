#include "wire/connection_commands.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <string_view>

#include "base/limits.hpp"
#include "wire/resp.hpp"

namespace kv {
namespace {

using resp::is_name;

constexpr std::string_view redis_version = "7.0.0";  // whose commands and replies these are

struct Section {
  std::string name;
  std::string fields;
};
const std::array sections{
    Section{"Server",
            "redis_version:" + std::string{redis_version} + "\r\nredis_mode:standalone\r\n"},
    Section{"Persistence", "loading:0\r\n"},
    Section{"Replication", "role:master\r\nconnected_slaves:0\r\n"},
};

void wrong_arity(std::string& out, std::string_view name) {
  resp::append_error(out, "ERR wrong number of arguments for '" + std::string{name} + "' command");
}

/// A client's word for an error: as much of it as Redis shows.
std::string quoted(const std::string& word) { return "'" + word.substr(0, 128) + "'"; }

void unknown_subcommand(std::string& out, const Words& words, std::string_view command) {
  resp::append_error(out, "ERR unknown subcommand " + quoted(words[1]) + ". Try " +
                              std::string{command} + " HELP.");
}

/// No spaces, no controls: such a text stands in a list of clients, among others in one line.
bool is_graphic(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~'; });
}

void select(const Words& words, std::string& out) {
  using Int = std::numeric_limits<int>;
  if (words.size() != 2) return wrong_arity(out, "select");
  const auto number = resp::to_number(words[1]);
  if (!number) return resp::append_error(out, "ERR value is not an integer or out of range");
  if (*number < Int::min() || *number > Int::max()) {
    return resp::append_error(out, "ERR value is out of range, value must between " +
                                       std::to_string(Int::min()) + " and " +
                                       std::to_string(Int::max()));
  }
  if (*number != 0) return resp::append_error(out, "ERR DB index is out of range");
  resp::append_simple(out, "OK");
}

/// With words, those sections; without, or with one that stands for many, all.
void info(const Words& words, std::string& out) {
  const auto asks_for = [&words](const Section& section) {
    return words.size() == 1 ||
           std::any_of(words.begin() + 1, words.end(), [&section](const std::string& word) {
             return is_name(word, section.name) || is_name(word, "default") ||
                    is_name(word, "all") || is_name(word, "everything");
           });
  };
  std::string text;
  for (const auto& section : sections) {
    if (!asks_for(section)) continue;
    if (!text.empty()) text += "\r\n";
    text.append("# ").append(section.name).append("\r\n").append(section.fields);
  }
  resp::append_bulk(out, text);
}

/// Clients ask for the list to help people type, or to see where the keys are; without one they
/// still work.
void command(const Words& words, std::string& out) {
  const auto asks_for = [&words](std::string_view name) { return is_name(words[1], name); };
  if (words.size() == 1 || asks_for("docs") || asks_for("info") || asks_for("list"))
    return resp::append_array(out, 0);
  if (!asks_for("count")) return unknown_subcommand(out, words, "COMMAND");
  if (words.size() != 2) return wrong_arity(out, "command|count");
  resp::append_integer(out, 0);
}

}  // namespace

std::uint64_t ConnectionCommands::next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

ConnectionCommands::Answered ConnectionCommands::answer(const Words& words, std::string& out) {
  const std::string& name = words[0];
  if (is_name(name, "echo")) {
    words.size() == 2 ? resp::append_bulk(out, words[1]) : wrong_arity(out, "echo");
  } else if (is_name(name, "quit")) {
    resp::append_simple(out, "OK");
    return Answered::and_close;
  } else if (is_name(name, "select")) {
    select(words, out);
  } else if (is_name(name, "client")) {
    client(words, out);
  } else if (is_name(name, "hello")) {
    hello(words, out);
  } else if (is_name(name, "command")) {
    command(words, out);
  } else if (is_name(name, "info")) {
    info(words, out);
  } else {
    return Answered::no;
  }
  return Answered::yes;
}

void ConnectionCommands::client(const Words& words, std::string& out) {
  if (words.size() == 1) return wrong_arity(out, "client");
  if (is_name(words[1], "setname")) {
    if (words.size() != 3) return wrong_arity(out, "client|setname");
    if (set_name(words[2], out)) resp::append_simple(out, "OK");
  } else if (is_name(words[1], "getname")) {
    if (words.size() != 2) return wrong_arity(out, "client|getname");
    name_.empty() ? resp::append_nil(out) : resp::append_bulk(out, name_);
  } else if (is_name(words[1], "id")) {
    if (words.size() != 2) return wrong_arity(out, "client|id");
    resp::append_integer(out, static_cast<std::int64_t>(id_));
  } else if (is_name(words[1], "setinfo")) {  // library and version, for a list that we do not keep
    if (words.size() != 4) return wrong_arity(out, "client|setinfo");
    if (!is_name(words[2], "lib-name") && !is_name(words[2], "lib-ver"))
      return resp::append_error(out, "ERR Unrecognized option " + quoted(words[2]));
    if (!is_graphic(words[3])) {
      return resp::append_error(
          out, "ERR " + words[2] + " cannot contain spaces, newlines or special characters.");
    }
    resp::append_simple(out, "OK");
  } else {
    unknown_subcommand(out, words, "CLIENT");
  }
}

void ConnectionCommands::hello(const Words& words, std::string& out) {
  if (words.size() > 1) {
    const auto protocol = resp::to_number(words[1]);
    if (!protocol)
      return resp::append_error(out, "ERR Protocol version is not an integer or out of range");
    if (*protocol != 2) return resp::append_error(out, "NOPROTO unsupported protocol version");
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto arguments = words.size() - 1 - i;
    if (is_name(words[i], "auth") && arguments >= 2) {  // any password will do for the default user
      if (words[i + 1] != "default") {
        return resp::append_error(out,
                                  "WRONGPASS invalid username-password pair or user is disabled.");
      }
      i += 2;
    } else if (is_name(words[i], "setname") && arguments >= 1) {
      if (!set_name(words[++i], out)) return;
    } else {
      return resp::append_error(out, "ERR Syntax error in HELLO option " + quoted(words[i]));
    }
  }
  resp::append_array(out, 14);
  for (const auto* const text : {"server", "redis", "version"}) resp::append_bulk(out, text);
  resp::append_bulk(out, redis_version);
  resp::append_bulk(out, "proto");
  resp::append_integer(out, 2);
  resp::append_bulk(out, "id");
  resp::append_integer(out, static_cast<std::int64_t>(id_));
  for (const auto* const text : {"mode", "standalone", "role", "master", "modules"})
    resp::append_bulk(out, text);
  resp::append_array(out, 0);
}

bool ConnectionCommands::set_name(const std::string& name, std::string& out) {
  if (name.size() > name_bytes_max) {
    resp::append_error(out, "ERR client name of " + std::to_string(name.size()) +
                                " bytes; the limit is " + std::to_string(name_bytes_max));
    return false;
  }
  if (!is_graphic(name)) {
    resp::append_error(out,
                       "ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  name_ = name;
  return true;
}

}  // namespace kv
