#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <concepts>
#include <iostream>
#include <limits>
#include <string>

#include "base/fatal_error.hpp"
#include "base/standard_streams.hpp"

// The one place where flags are read. CLI11 2.1 reads -1 as 2^64-1 and 010 as eight; here a number
// is decimal digits from the first character to the last, and within its bounds.

namespace kv {

template <std::integral Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& number,
                        const std::string& help, Number least = 0,
                        Number most = std::numeric_limits<Number>::max()) {
  const auto read = [&number, name, least, most](const std::string& text) {
    Number read_number{};
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, read_number);
    if (error != std::errc{} || stopped != end || read_number < least || read_number > most) {
      throw CLI::ValidationError(name, "must be a whole number from " + std::to_string(least) +
                                           " to " + std::to_string(most) + ", not '" + text + "'");
    }
    number = read_number;
  };
  return app.add_option_function<std::string>(name, read, help)
      ->default_str(std::to_string(number))
      ->type_name("NUMBER");
}

/// False when --help or --version has been answered and nothing is left to do. Throws
/// FatalError(usage) with one line that names the flag and what it takes.
inline bool parse_flags(CLI::App& app, int argc, const char* const* argv) {
  try {
    for (int i = 1; i < argc; ++i) {  // for an empty value CLI11 would take the next word
      const std::string word = argv[i];
      if (word.starts_with("--") && word.find('=') == word.size() - 1)
        throw CLI::ValidationError{word.substr(0, word.size() - 1),
                                   "there is nothing behind the ="};
    }
    app.parse(argc, argv);
  } catch (const CLI::Success& answered) {
    app.exit(answered, std::cout, std::cerr);
    flush_output();
    return false;
  } catch (const CLI::ParseError& error) {
    throw FatalError{Exit::usage, error.what()};
  }
  return true;
}

}  // namespace kv
