#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <concepts>
#include <limits>
#include <string>

// The one place where flags become numbers. CLI11 2.1 reads -1 as 2^64-1 and 010 as eight; here a
// number is decimal digits from the first character to the last, and within its bounds.

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

/// A flag: there or not, or with =true or =false. CLI11 takes -1 for false, and anything else that
/// looks like a number or a word of its own for true.
inline CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& on,
                               const std::string& help) {
  return app.add_flag(name, on, help)->check([](const std::string& text) {
    const bool known = text == "true" || text == "false";
    return known ? std::string{} : "must be true or false, not '" + text + "'";
  });
}

/// Refuses --name= with nothing behind it, as from a variable that is not set: CLI11 would take a
/// flag for given, and for an option the next word.
inline void refuse_empty_values(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      throw CLI::ValidationError{word.substr(0, word.size() - 1), "there is nothing behind the ="};
    }
  }
}

}  // namespace kv
