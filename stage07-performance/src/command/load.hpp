#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace kv {

/// What all connections take together, so that it can be bounded.
struct Load {
  std::atomic<std::uint32_t> connections = 0;
  std::atomic<std::uint32_t> sockets = 0;    ///< accepted and not closed, also those not served
  std::atomic<std::size_t> input_bytes = 0;  ///< held for frames that are not there to their end
  std::atomic<std::uint64_t> commands = 0;   ///< executed since the start
};

/// Counts one socket, from when it was accepted on, before its worker has even heard of it.
class Place {
 public:
  explicit Place(std::atomic<std::uint32_t>& sockets) : sockets_{&sockets} { ++sockets; }
  Place(Place&& other) noexcept : sockets_{std::exchange(other.sockets_, nullptr)} {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (sockets_) --*sockets_;
  }

 private:
  std::atomic<std::uint32_t>* sockets_;
};

}  // namespace kv
