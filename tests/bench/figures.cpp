#include "figures.hpp"

#include <algorithm>
#include <stdexcept>

namespace kv::bench {

double median(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument{"the median of nothing"};
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void Figures::add(const std::string& scenario, const std::string& point, const std::string& metric,
                  const std::string& server, double value) {
  auto* figure = const_cast<Figure*>(find(scenario, point, metric, server));
  if (!figure) figure = &all_.emplace_back(Figure{scenario, point, metric, server, {}});
  figure->values.push_back(value);
}

const Figure* Figures::find(const std::string& scenario, const std::string& point,
                            const std::string& metric, const std::string& server) const {
  const auto found = std::ranges::find_if(all_, [&](const Figure& figure) {
    return figure.scenario == scenario && figure.point == point && figure.metric == metric &&
           figure.server == server;
  });
  return found == all_.end() ? nullptr : &*found;
}

std::optional<Ratio> Figures::ratio(const Figure& figure, const std::string& baseline) const {
  const Figure* const base = find(figure.scenario, figure.point, figure.metric, baseline);
  if (!base) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(figure.values.size(), base->values.size()); ++i) {
    if (base->values[i] == 0) return std::nullopt;
    ratios.push_back(figure.values[i] / base->values[i]);
  }
  if (ratios.empty()) return std::nullopt;
  return Ratio{median(ratios), std::ranges::min(ratios), std::ranges::max(ratios)};
}

}  // namespace kv::bench
