#include "svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace kv::bench {
namespace {

constexpr double width = 720;
constexpr const char* ink = "#77808b";  // about the same contrast on white and on black
constexpr std::array<const char*, colours> palette = {"#8b8b8b", "#d9822b", "#3f8fd2", "#3aa675",
                                                      "#c0549c", "#c9a227", "#8a63d2", "#d24f4f"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string text(double x, double y, const std::string& anchor, const std::string& content,
                 const std::string& more = {}) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y,
                     anchor, more, escaped(content));
}

std::string document(const std::string& title, double height, const std::string& body) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" font-family=\"sans-serif\" "
      "font-size=\"13\" fill=\"{2}\">\n<title>{3}</title>\n{4}{5}</svg>\n",
      width, height, ink, escaped(title),
      text(width / 2, 22, "middle", title, " font-size=\"16\" font-weight=\"bold\""), body);
}

/// From values to places in the picture.
struct Scale {
  double least, most;  // of the axis
  double begin, end;   // in the picture
  bool logarithmic;

  double at(double value) const {
    const double share = logarithmic
                             ? std::log10(std::max(value, least) / least) / std::log10(most / least)
                             : value / most;
    return begin + std::min(share, 1.0) * (end - begin);
  }

  std::vector<double> ticks() const {
    std::vector<double> ticks;
    if (logarithmic) {
      for (double tick = least; tick <= most * 1.001; tick *= 10) ticks.push_back(tick);
      return ticks;
    }
    const double step = most / 5;
    for (int i = 0; i <= 5; ++i) ticks.push_back(i * step);
    return ticks;
  }
};

// To a number whose fifths are round as well.
double round_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (value <= step * power * 1.000001) return step * power;
  }
  return 10 * power;
}

Scale scale_for(const std::vector<Line>& lines, double std::pair<double, double>::*value,
                bool logarithmic, double begin, double end) {
  double least = HUGE_VAL, most = 0;
  for (const Line& line : lines) {
    for (const auto& point : line.points) {
      if (logarithmic && point.*value <= 0) continue;
      least = std::min(least, point.*value);
      most = std::max(most, point.*value);
    }
  }
  if (most <= 0) return {0.1, 1, begin, end, logarithmic};  // nothing to be seen
  if (!logarithmic) return {0, round_up(most), begin, end, false};
  least = std::pow(10, std::floor(std::log10(least)));
  most = std::pow(10, std::ceil(std::log10(most)));
  return {least, std::max(most, 10 * least), begin, end, true};
}

std::string axes(const Scale& x, const Scale& y, const Axis& x_axis, const Axis& y_axis) {
  std::string out = fmt::format("<g stroke=\"{}\" stroke-width=\"0.5\" opacity=\"0.6\">\n", ink);
  for (const double tick : y.ticks())
    out += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", x.begin, y.at(tick), x.end);
  out += "</g>\n";
  for (const double tick : y.ticks())
    out += text(x.begin - 8, y.at(tick) + 4, "end", readable(tick));
  for (const double tick : x.ticks())
    out += text(x.at(tick), y.begin + 18, "middle", readable(tick));
  out += text((x.begin + x.end) / 2, y.begin + 38, "middle", x_axis.label);
  out += text(x.begin - 60, y.end - 12, "start", y_axis.label);
  return out;
}

std::string legend(const std::vector<Line>& lines, double begin, double y) {
  std::string out;
  double x = begin;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n",
                       x, y - 11, palette[lines[i].colour % colours]);
    out += text(x + 18, y, "start", lines[i].label);
    x += 40 + 8 * static_cast<double>(lines[i].label.size());
  }
  return out;
}

}  // namespace

std::string bar_chart(const std::string& title, const std::vector<BarGroup>& groups) {
  constexpr double left = 130, right = width - 110, row = 20;
  std::string body;
  double y = 48;
  for (const BarGroup& group : groups) {
    body += text(16, y, "start", group.title, " font-weight=\"bold\"");
    y += 10;
    double most = 0;
    for (const Bar& bar : group.bars) most = std::max(most, bar.value);
    for (const Bar& bar : group.bars) {
      const double length = most > 0 ? bar.value / most * (right - left) : 0;
      body += text(left - 8, y + 14, "end", bar.label);
      body += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
          left, y + 2, std::max(length, 1.0), row - 4, palette[bar.colour % colours]);
      body += text(left + length + 8, y + 14, "start", readable(bar.value));
      y += row;
    }
    y += 26;
  }
  return document(title, y, body);
}

std::string line_chart(const std::string& title, const Axis& x_axis, const Axis& y_axis,
                       const std::vector<Line>& lines) {
  constexpr double left = 84, right = width - 24, top = 92, bottom = 340;
  using Point = std::pair<double, double>;
  const Scale x = scale_for(lines, &Point::first, x_axis.logarithmic, left, right);
  const Scale y = scale_for(lines, &Point::second, y_axis.logarithmic, bottom, top);
  std::string body = legend(lines, left, 52);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const auto& [begin, end] : lines[i].shaded) {
      body += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\" "
          "opacity=\"0.15\"/>\n",
          x.at(begin), top, std::max(x.at(end) - x.at(begin), 1.0), bottom - top,
          palette[lines[i].colour % colours]);
    }
  }
  body += axes(x, y, x_axis, y_axis);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string path;
    for (const auto& [at, value] : lines[i].points) {
      if ((x.logarithmic && at <= 0) || (y.logarithmic && value <= 0)) continue;
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x.at(at), y.at(value));
    }
    body += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                        path.empty() ? "M0 0" : path, palette[lines[i].colour % colours]);
  }
  return document(title, bottom + 52, body);
}

std::string readable(double number) {
  if (number == 0) return "0";
  if (std::abs(number) < 1000) {
    const auto before = static_cast<int>(std::floor(std::log10(std::abs(number))));
    std::string digits = fmt::format("{:.{}f}", number, std::max(0, 2 - before));
    if (digits.find('.') == std::string::npos) return digits;
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
  }
  std::string digits = fmt::format("{:.0f}", number);
  for (std::size_t at = digits.size(); at > 3 + (number < 0 ? 1U : 0U); at -= 3)
    digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace kv::bench
