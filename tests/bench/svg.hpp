#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace kv::bench {

/// Charts as SVG, without a background and in colours that can be read on white and on black.

struct Bar {
  std::string label;
  double value = 0;
  std::size_t colour = 0;  ///< 0 to colours - 1, then again from the first
};

/// Bars that can be compared with one another; each group has a scale of its own, and each bar its
/// value written behind it.
struct BarGroup {
  std::string title;
  std::vector<Bar> bars;
};

std::string bar_chart(const std::string& title, const std::vector<BarGroup>& groups);

struct Line {
  std::string label;
  std::vector<std::pair<double, double>> points;
  std::size_t colour = 0;                              ///< as a Bar's
  std::vector<std::pair<double, double>> shaded = {};  ///< stretches of x, in that colour
};

struct Axis {
  std::string label;
  bool logarithmic = false;  ///< then values must be above 0
};

/// Both axes begin at 0, or, where they are logarithmic, at the least power of ten needed.
std::string line_chart(const std::string& title, const Axis& x, const Axis& y,
                       const std::vector<Line>& lines);

inline constexpr std::size_t colours = 8;

/// Three significant digits, and thousands: 1,250,000 or 12.5 or 0.0312.
std::string readable(double number);

}  // namespace kv::bench
