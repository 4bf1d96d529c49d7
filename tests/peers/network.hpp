#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace kv::peers {

/// A server that clients can ask for too much.
class Served {
 public:
  virtual ~Served() = default;

  /// The beginning of a request with the greatest length that the server takes, and few bytes of
  /// it.
  virtual void announce_much() = 0;
  /// A client that sends this many requests for a value of 1 MB, and reads no answer.
  virtual void ask_and_not_read(int requests) = 0;
  virtual bool alive() = 0;              ///< it answers a new client
  virtual std::size_t peak_bytes() = 0;  ///< of its resident memory, since it started

  /// Requests for a value of this key in one piece, and the end of what the client sends: how many
  /// are answered. There are `small`, of 100 bytes, and `large`, of 10,000.
  virtual int answered_after_half_close(int requests, const std::string& key) = 0;
};

/// Under a limit of its address space, in bytes; 0 is none.
std::unique_ptr<Served> serve_stage_5(std::size_t address_space);
std::unique_ptr<Served> serve_redis(std::size_t address_space);

using Serve = std::unique_ptr<Served> (*)(std::size_t address_space);

// The cells of the table.
std::string huge_lengths(Serve serve);
std::string reader_that_never_reads(Serve serve);
std::string half_close_of_small(Serve serve);
std::string half_close_of_large(Serve serve);

}  // namespace kv::peers
