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

}  // namespace kv
