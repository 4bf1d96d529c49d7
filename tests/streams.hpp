#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"

namespace kv::test {

using Words = std::vector<std::string>;

/// What a shell says to close these of the standard streams.
inline std::string closing(int subset) {
  std::string words;
  if (subset & 1) words += " <&-";
  if (subset & 2) words += " >&-";
  if (subset & 4) words += " 2>&-";
  return words;
}

/// A program whose streams a shell has redirected.
inline Words redirected(const std::string& redirections, const Words& program) {
  Words words{"sh", "-c", "exec \"$0\" \"$@\"" + redirections};
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

/// A port that no other program gets until the end of life; a server may listen on it.
class ReservedPort {
 public:
  ReservedPort() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const int yes = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<::sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<::sockaddr*>(&address), &size) != 0)
      throw std::system_error{errno, std::generic_category(), "bind"};
    number_ = ntohs(address.sin_port);
  }
  std::uint16_t number() const { return number_; }

 private:
  Descriptor socket_;
  std::uint16_t number_;
};

class Streams : public testing::Test {
 protected:
  Words server(std::uint16_t port, Words flags = {}) const {
    Words words{server_program(), "--port", std::to_string(port)};
    for (auto& flag : with_environment_flags(std::move(flags), folder_.path())) {
      words.push_back(std::move(flag));
    }
    return words;
  }

  /// Starts a server that may be unable to say that it listens, and waits until it serves.
  std::unique_ptr<Process> start(const std::string& redirections, std::uint16_t port) const {
    auto process = std::make_unique<Process>(redirected(redirections, server(port)),
                                             (folder_.path() / "out").string(),
                                             (folder_.path() / "err").string());
    for (const auto end = std::chrono::steady_clock::now() + 20s;;) {
      try {
        Socket client{port};
        client.send("PING\r\n");  // is answered by every stage, if only as a frame that is too long
        EXPECT_TRUE(client.readable_within(10s));
        return process;
      } catch (const std::runtime_error&) {
        if (!process->running() || std::chrono::steady_clock::now() > end) throw;
      }
    }
  }

  static void expect_orderly_end(Process& process) {
    process.send_signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
  }

  const TempFolder folder_;
};

}  // namespace kv::test
