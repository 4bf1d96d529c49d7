#include "redis_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

#include "fixtures/descriptor.hpp"
#include "fixtures/resp_client.hpp"
#include "peer.hpp"

namespace kv::peers {
namespace {

/// One that was free a moment ago.
std::uint16_t free_port() {
  const test::Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  ::socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<::sockaddr*>(&address);
  if (::bind(socket.get(), any, length) != 0 || ::getsockname(socket.get(), any, &length) != 0)
    throw std::runtime_error{"no free port"};
  return ::ntohs(address.sin_port);
}

}  // namespace

std::unique_ptr<RedisServer> RedisServer::start(const fs::path& folder,
                                                const std::vector<std::string>& flags,
                                                const std::vector<std::string>& before) {
  for (int tries = 0; tries < 5; ++tries) {
    std::unique_ptr<RedisServer> server{new RedisServer};
    server->port_ = free_port();
    auto argv = before;
    argv.insert(argv.end(), {REDIS_SERVER, "--port", std::to_string(server->port_), "--bind",
                             "127.0.0.1", "--dir", folder.string(), "--save", ""});
    argv.insert(argv.end(), flags.begin(), flags.end());
    const auto log = server->log_.path() / "log";
    server->process_ = std::make_unique<test::Process>(argv, log.string(), "/dev/null");
    if (server->answers()) return server;
    if (read_file(log).find("Address already in use") == std::string::npos) return nullptr;
  }
  throw std::runtime_error{"every free port was taken by another at once"};
}

bool RedisServer::answers() {
  for (int tries = 0; tries < 10'000; ++tries) {
    if (!process_->running()) return false;
    try {
      if (test::RespClient{port_}.command({"PING"}) == test::simple("PONG")) return true;
    } catch (const std::exception&) {  // it does not listen yet
    }
    (void)::poll(nullptr, 0, 1);
  }
  throw std::runtime_error{"redis-server neither answers nor ends"};
}

}  // namespace kv::peers
