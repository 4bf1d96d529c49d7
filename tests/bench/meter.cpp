#include "meter.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
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
std::size_t Meter::peak_resident_bytes() const { return status_number(pid_, "VmHWM:") * 1024; }
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

double busy_seconds(const Cores& cores) {
  std::ifstream file{"/proc/stat"};
  double ticks = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, steal = 0;
    words >> name >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> steal;
    if (name == "cpu" + std::to_string(cores.server) || name == "cpu" + std::to_string(cores.load))
      ticks += user + nice + system + irq + softirq + steal;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double own_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    (void)::getrusage(who, &used);  // it cannot fail with these
    for (const timeval& part : {used.ru_utime, used.ru_stime})
      seconds += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
  }
  return seconds;
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
