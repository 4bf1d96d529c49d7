#include "server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "idle.hpp"
#include "meter.hpp"

namespace kv::bench {
namespace {

using namespace std::chrono_literals;
constexpr auto start_limit = 120s;
constexpr auto stop_limit = 60s;

// A port that nobody listens on. Somebody else might take it before the server does; then that one
// says so, and the comparison ends.
std::uint16_t free_port() {
  const test::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  if (::bind(socket.get(), address, size) < 0 || ::getsockname(socket.get(), address, &size) < 0)
    throw std::system_error{errno, std::generic_category(), "looking for a free port"};
  return ntohs(name.sin_port);
}

std::vector<std::string> words(const Program& program, const Start& start, std::uint16_t port) {
  std::vector<std::string> argv{program.path.string(), "--port", std::to_string(port)};
  const auto add = [&argv](std::initializer_list<std::string> more) {
    argv.insert(argv.end(), more);
  };
  if (program.is_redis()) {
    add({"--bind", "127.0.0.1", "--dir", start.folder.string(), "--save", "", "--appendonly", "no",
         "--auto-aof-rewrite-percentage", "0", "--maxclients", "15000"});
  } else {
    add({"--max-connections", "15000"});
    if (program.stage >= 3) add({"--log-level", "warn", "--threads", "1"});
    if (program.stage >= 5) {
      add({"--data-dir", (start.folder / "data").string()});
      if (start.snapshot_every) add({"--snapshot-every", std::to_string(*start.snapshot_every)});
    }
  }
  argv.insert(argv.end(), start.flags.begin(), start.flags.end());
  return argv;
}

}  // namespace

Server::Server(const Program& program, const Start& start)
    : program_{program},
      log_{start.folder / "log"},
      port_{(std::filesystem::create_directories(start.folder), free_port())},
      started_{std::chrono::steady_clock::now()},
      process_{[&] {
        const Pinned pinned{start.core};  // what is started now inherits it
        return test::Process{words(program, start, port_), (start.folder / "out").string(),
                             log_.string()};
      }()} {}

Server::~Server() {
  if (std::uncaught_exceptions() > 0) return;  // then it is killed
  try {
    if (process_.running()) stop();
  } catch (const std::exception&) {
    // It is killed, and what it did before has been measured.
  }
}

std::chrono::duration<double> Server::wait_until_ready(std::optional<std::uint32_t> key) {
  const Requests requests{program_.protocol(), {}};
  const std::int64_t wanted = key ? std::int64_t{*key} : -1;
  while (!answers(address(), program_.protocol(), requests, wanted)) {
    if (!process_.running() || std::chrono::steady_clock::now() > started_ + start_limit)
      throw std::runtime_error{program_.name + " does not start\n" + end_of_log()};
    std::this_thread::sleep_for(1ms);
  }
  return std::chrono::steady_clock::now() - started_;
}

void Server::stop() {
  process_.send_signal(SIGTERM);
  const int status = process_.wait(stop_limit);
  if (status != 0) {
    throw std::runtime_error{program_.name + " ended with status " + std::to_string(status) + "\n" +
                             end_of_log()};
  }
}

void Server::kill_9() {
  process_.send_signal(SIGKILL);
  process_.wait();
}

std::string Server::end_of_log() const {
  constexpr std::size_t shown = 2'000;
  const auto read = [](const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  };
  const std::string log = read(log_.parent_path() / "out") + read(log_);  // Redis logs to out
  return log.size() > shown ? log.substr(log.size() - shown) : log;
}

std::vector<std::string> in_memory(const Program& program) {
  if (program.stage >= 5) return {"--store", "memory"};
  return {};
}

}  // namespace kv::bench
