#include "wire/words.hpp"

#include <cctype>

namespace kv {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

/// The character that the escape at the front of `line` stands for; takes the escape off.
char take_escape(std::string_view& line) {
  if (line.size() >= 4 && line[1] == 'x' && is_hex(line[2]) && is_hex(line[3])) {
    const auto code = std::stoi(std::string{line.substr(2, 2)}, nullptr, 16);
    line.remove_prefix(4);
    return static_cast<char>(code);
  }
  const char name = line[1];
  line.remove_prefix(2);
  switch (name) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return name;
  }
}

/// Takes a quoted run off the front of `line`, both quotes included; false when it is not closed
/// well.
bool take_quoted(std::string_view& line, std::string& word) {
  const char quote = line.front();
  line.remove_prefix(1);
  while (!line.empty() && line.front() != quote) {
    if (quote == '"' && line.front() == '\\' && line.size() > 1) {
      word += take_escape(line);
      continue;
    }
    if (quote == '\'' && line.substr(0, 2) == "\\'") line.remove_prefix(1);
    word += line.front();
    line.remove_prefix(1);
  }
  if (line.empty()) return false;
  line.remove_prefix(1);
  return line.empty() || is_space(line.front());
}

}  // namespace

std::optional<Words> split_words(std::string_view line) {
  Words words;
  while (true) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty()) return words;
    std::string word;
    while (!line.empty() && !is_space(line.front())) {
      if (line.front() == '"' || line.front() == '\'') {
        if (!take_quoted(line, word)) return std::nullopt;
      } else {
        word += line.front();
        line.remove_prefix(1);
      }
    }
    words.push_back(std::move(word));
  }
}

}  // namespace kv
