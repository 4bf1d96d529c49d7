#include "meter.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace kv::bench {
namespace {

std::size_t status_number(pid_t pid, const std::string& name) {
  const std::string file = "/proc/" + std::to_string(pid) + "/status";
  std::ifstream status{file};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(name.size()));
  }
  throw std::runtime_error{file + " has no " + name + " has the server ended?"};
}

cpu_set_t allowed_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) < 0) {
    throw std::system_error{errno, std::generic_category(), "sched_getaffinity"};
  }
  return cores;
}

void allow_cores(const cpu_set_t& cores) {
  if (::sched_setaffinity(0, sizeof cores, &cores) < 0) {
    throw std::system_error{errno, std::generic_category(), "sched_setaffinity"};
  }
}

}  // namespace

Meter::Meter(pid_t pid) : pid_{pid} {
  if (const int error = ::clock_getcpuclockid(pid, &clock_)) {
    throw std::system_error{error, std::generic_category(),
                            "the CPU clock of process " + std::to_string(pid)};
  }
}

double Meter::cpu_seconds() const {
  timespec used{};
  if (::clock_gettime(clock_, &used) < 0) {
    throw std::system_error{errno, std::generic_category(),
                            "the CPU clock of process " + std::to_string(pid_)};
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::size_t Meter::resident_bytes() const { return status_number(pid_, "VmRSS:") * 1024; }
std::size_t Meter::threads() const { return status_number(pid_, "Threads:"); }

Cores pick_cores() {
  const cpu_set_t cores = allowed_cores();
  Cores picked{-1, -1};
  for (int core = 0; core < CPU_SETSIZE && picked.load < 0; ++core) {
    if (!CPU_ISSET(static_cast<std::size_t>(core), &cores)) continue;
    (picked.server < 0 ? picked.server : picked.load) = core;
  }
  if (picked.load < 0) picked.load = picked.server;
  return picked;
}

Pinned::Pinned(int core) : before_{allowed_cores()} {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(core), &one);
  allow_cores(one);
}

Pinned::~Pinned() { (void)::sched_setaffinity(0, sizeof before_, &before_); }  // they were allowed

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) {
    throw std::system_error{errno, std::generic_category(), "getrlimit"};
  }
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // what it is then is what counts
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace kv::bench
