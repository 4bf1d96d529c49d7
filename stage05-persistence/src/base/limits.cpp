#include "base/limits.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "base/fatal_error.hpp"

namespace kv {

std::optional<std::size_t> open_descriptors() {
  std::error_code unknown;
  const std::filesystem::directory_iterator open{"/proc/self/fd", unknown};
  if (unknown) return std::nullopt;
  const auto count = std::distance(begin(open), end(open));
  return static_cast<std::size_t>(count) - 1;  // the listing itself was one
}

std::uint32_t connection_limit(std::uint32_t wanted, std::uint32_t threads) {
  const rlim_t kept = open_descriptors().value_or(3) + thread_descriptors * rlim_t{threads} +
                      server_descriptors + store_descriptors + refusals_max;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < wanted + kept) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted + kept);
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // what it brought is read back on the next line
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur <= kept) {
    throw FatalError{Exit::cannot_start,
                     fmt::format("cannot serve a connection: the limit of open files is {}, and {} "
                                 "are needed beside it with --threads {} (raise ulimit -n)",
                                 limit.rlim_cur, kept, threads)};
  }
  const auto possible = limit.rlim_cur - kept;
  if (possible >= wanted) return wanted;
  spdlog::warn("at most {} connections in place of {}: the limit of open files is {} (ulimit -n)",
               possible, wanted, limit.rlim_cur);
  return static_cast<std::uint32_t>(possible);
}

}  // namespace kv
