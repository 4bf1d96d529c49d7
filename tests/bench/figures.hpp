#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kv::bench {

/// The middle one; of an even number, the mean of the middle two. There must be one.
double median(std::vector<double> values);

/// How a server compares with another: the median of what each turn (or round, where it has one)
/// says, since what disturbs a machine for a while disturbs both in the same turn. And the
/// extremes.
struct Ratio {
  double median = 0, least = 0, most = 0;
};

/// One figure of one server, turn after turn and round after round.
struct Figure {
  std::string scenario;  ///< "cpu"
  std::string point;     ///< "HSET, depth 1"
  std::string metric;    ///< "cpu_us"
  std::string server;    ///< "stage 3"
  std::vector<double> values;
};

/// All that was measured, in the order in which it first appeared.
class Figures {
 public:
  void add(const std::string& scenario, const std::string& point, const std::string& metric,
           const std::string& server, double value);

  const std::vector<Figure>& all() const { return all_; }

  /// nullptr when there is none.
  const Figure* find(const std::string& scenario, const std::string& point,
                     const std::string& metric, const std::string& server) const;

  /// Against the same figure of `baseline`; nullopt when it has none, or a zero.
  std::optional<Ratio> ratio(const Figure& figure, const std::string& baseline) const;

 private:
  std::vector<Figure> all_;
};

}  // namespace kv::bench
