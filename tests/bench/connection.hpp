#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fixtures/descriptor.hpp"
#include "request.hpp"

namespace kv::bench {

/// A request that waits for its answer.
struct Asked {
  std::uint64_t sent_ns = 0;
  std::uint32_t key = 0;
  Command command = Command::ping;
};

/// One connection of a load: bytes on their way out, an unfinished answer on its way in, and the
/// requests that wait, oldest first. The socket becomes non-blocking.
class Connection {
 public:
  Connection(test::Descriptor socket, std::uint32_t depth);

  int descriptor() const { return socket_.get(); }
  std::uint32_t waiting() const { return waiting_; }  ///< never more than `depth`

  void asked(const Asked& asked);
  Asked take_oldest();  ///< waiting() must not be 0

  std::string& output() { return output_; }

  /// Sends what the kernel takes; whether that was all. Throws when the connection has failed.
  bool send();

  /// What has come, behind what was left: a view into `buffer`, which is shared by all connections.
  /// Throws when the connection has ended.
  std::string_view receive(std::vector<char>& buffer);
  void keep(std::string_view rest) { input_.assign(rest); }

 private:
  test::Descriptor socket_;
  std::string output_;
  std::size_t sent_ = 0;  // bytes of output_
  std::string input_;     // most of the time empty: answers come whole
  std::vector<Asked> ring_;
  std::uint32_t oldest_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace kv::bench
