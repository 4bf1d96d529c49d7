#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <concepts>
#include <limits>
#include <string>

// The one place where flags become numbers. CLI11 2.1 reads -1 as 2^64-1 and 010 as eight; here a
// number is decimal digits from the first character to the last, and within its bounds.

namespace kv {

/// Target: Number, or an optional one, which is off unless it is given.
template <std::integral Number, class Target>
CLI::Option* add_number(CLI::App& app, const std::string& name, Target& number,
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
  std::string preset = "off";
  if constexpr (std::integral<Target>) preset = std::to_string(number);
  return app.add_option_function<std::string>(name, read, help)
      ->default_str(preset)
      ->type_name("NUMBER");
}

/// Seconds, with or without a fraction, up to a year.
inline CLI::Option* add_seconds(CLI::App& app, const std::string& name,
                                std::chrono::milliseconds& duration, const std::string& help) {
  const auto read = [&duration, name](const std::string& text) {
    constexpr double most = 365 * 24 * 3600;
    double seconds = -1;
    const char* end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
    if (error != std::errc{} || stopped != end || !(seconds >= 0 && seconds <= most)) {
      throw CLI::ValidationError(name, "must be seconds, such as 10 or 0.5, not '" + text + "'");
    }
    duration = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>{seconds});
  };
  return app.add_option_function<std::string>(name, read, help)
      ->default_str(std::to_string(duration.count() / 1000))
      ->type_name("SECONDS");
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

/// The name of a file or a host. An empty one comes from a variable that is not set.
inline CLI::Option* add_name(CLI::App& app, const std::string& flag, std::string& name,
                             const std::string& help) {
  return app.add_option(flag, name, help)->check([](const std::string& text) {
    return std::string{text.empty() ? "the name is empty" : ""};
  });
}

}  // namespace kv
