#include "net/http.hpp"

#include <atomic>
#include <chrono>
#include <iostream>
#include <sstream>

#include "wire/resp.hpp"

namespace kv {
namespace {

bool may_log() {
  using std::chrono::steady_clock;
  static std::atomic<steady_clock::time_point> again{steady_clock::time_point::min()};
  const auto now = steady_clock::now();
  auto seen = again.load();
  return now >= seen && again.compare_exchange_strong(seen, now + std::chrono::minutes{1});
}

}  // namespace

bool is_http(const Words& command, const tcp::socket& from) {
  if (!resp::is_name(command[0], "post") && !resp::is_name(command[0], "host:")) return false;
  if (may_log()) {
    boost::system::error_code gone;
    std::ostringstream line;
    line << "kv-server: closed the connection of " << from.remote_endpoint(gone)
         << ", which sent HTTP ('" << command[0] << "'): perhaps a web page, with commands in its "
         << "request; use redis-cli, not a browser\n";
    std::cerr << line.str();
  }
  return true;
}

}  // namespace kv
