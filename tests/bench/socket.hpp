#pragma once

#include <cstdint>
#include <string>

#include "fixtures/descriptor.hpp"
#include "reply.hpp"

namespace kv::bench {

/// Where a server listens: an IPv4 address and a port.
struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9527;
};

/// A connection with TCP_NODELAY; blocking. Throws std::system_error when nobody listens.
test::Descriptor connect_to(const Address& address);

/// One request after the other on a blocking connection; each answer must come within 60 s.
class Asker {
 public:
  Asker(const Address& address, Protocol protocol)
      : socket_{connect_to(address)}, protocol_{protocol} {}

  /// The views in the answer are good until the next one. Throws when the connection fails.
  Reply ask(const std::string& request);

  /// The two halves of it.
  void send(const std::string& request);
  Reply receive();

  /// Gives the memory of the last answer back.
  void forget() { input_ = {}; }

 private:
  test::Descriptor socket_;
  Protocol protocol_;
  std::string input_;
};

}  // namespace kv::bench
