#include "bars.hpp"

#include "svg.hpp"

namespace kv::bench {
namespace {

/// The most that a figure may be: of Redis's, or as it stands.
struct Limit {
  const char* scenario;
  const char* metric;
  const char* point;
  double most;
  bool of_redis = false;
};

constexpr Limit bars[] = {
    {"start", "seconds", "from the log, after kill -9", 0.7, true},
    {"start", "seconds", "from the log, after a clean stop", 0.7, true},
    {"start", "seconds", "from a snapshot", 0.5, true},
    {"start", "peak_of_resident", "from the log, after kill -9", 1.1},
    {"start", "peak_of_resident", "from the log, after a clean stop", 1.1},
    {"start", "peak_of_resident", "from a snapshot", 1.1},
    {"snapshot", "resident_of_allowed", "while it is written, at most", 1},
    {"segments", "of_between", "99.9 % of answers", 2},
    {"segments", "of_between", "slowest answer", 2},
    {"segments", "of_between", "slowest answer of 150 ms", 2},
    // 192 MiB and twice the data, which is 1 MiB.
    {"folder", "folder_mib", "while they are overwritten, at most", 194},
    {"folder", "folder_mib", "after that", 194},
};

}  // namespace

std::string bar_of(const std::string& scenario, const std::string& metric,
                   const std::string& point) {
  for (const Limit& bar : bars) {
    if (scenario == bar.scenario && metric == bar.metric && point == bar.point)
      return readable(bar.most) + (bar.of_redis ? " of Redis" : "");
  }
  return "";
}

}  // namespace kv::bench
