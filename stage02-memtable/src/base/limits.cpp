#include "base/limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <iostream>

namespace kv {

std::uint32_t connection_limit(std::uint32_t wanted) {
  // Descriptors that are no connections: standard streams, the listening socket.
  constexpr rlim_t others = 32;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < wanted + others) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted + others);
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // what it brought is read back on the next line
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
  }
  const auto possible = limit.rlim_cur > others + 1 ? limit.rlim_cur - others : 1;
  if (possible >= wanted) return wanted;
  std::cerr << "kv-server: at most " << possible << " connections in place of " << wanted
            << ": the limit of open files is " << limit.rlim_cur << " (ulimit -n)\n";
  return static_cast<std::uint32_t>(possible);
}

}  // namespace kv
