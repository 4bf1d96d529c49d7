#include "base/config.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#include "base/byte_order_mark.hpp"
#include "base/log.hpp"

namespace kv {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr auto blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// The value without its quotes. Throws what is wrong with it.
std::string unquoted(std::string_view value) {
  if (!value.starts_with('"')) {
    if (value.find(" #") != std::string_view::npos || value.find("\t#") != std::string_view::npos)
      throw std::invalid_argument{"a comment needs a line of its own, or the value double quotes"};
    return std::string{value};
  }
  value.remove_prefix(1);
  if (value.find('"') != value.size() - 1)
    throw std::invalid_argument{"the value's double quote must be closed, at the end of the line"};
  return std::string{value.substr(0, value.size() - 1)};
}

Setting read_setting(std::string_view text, std::size_t line) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw std::invalid_argument{"expected KEY=VALUE, not '" + escaped(text) + "'"};
  Setting setting{std::string{trimmed(text.substr(0, equals))},
                  unquoted(trimmed(text.substr(equals + 1))), line};
  if (setting.value.empty())
    throw std::invalid_argument{"--" + escaped(setting.key) + ": there is nothing behind the ="};
  return setting;
}

}  // namespace

std::vector<Setting> read_config(const std::string& file) {
  std::vector<Setting> settings;
  std::ifstream stream{file};
  std::string text;
  for (std::size_t line = 1; std::getline(stream, text); ++line) {
    drop_byte_order_mark(text);
    const auto content = trimmed(text);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    try {
      auto setting = read_setting(content, line);
      const auto before = std::ranges::find(settings, setting.key, &Setting::key);
      if (before != settings.end())
        throw std::invalid_argument{"--" + setting.key + " stands in line " +
                                    std::to_string(before->line) + " already"};
      settings.push_back(std::move(setting));
    } catch (const std::invalid_argument& wrong) {
      throw config_error(file, line, wrong.what());
    }
  }
  if (!stream.eof()) {  // it is not there, or no file
    throw FatalError{Exit::usage, "--config: cannot read the file '" + file +
                                      "': " + std::generic_category().message(errno)};
  }
  return settings;
}

FatalError config_error(const std::string& file, std::size_t line, const std::string& what) {
  return FatalError{Exit::usage, file + ", line " + std::to_string(line) + ": " + what};
}

}  // namespace kv
