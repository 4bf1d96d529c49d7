#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>

#include "disk/wal.hpp"

namespace kv {

/// The output rule: nothing leaves the server, neither an answer nor an event, before every change
/// that it may depend on is safe. Each worker has a barrier; its sessions pass it before they
/// write. One wake-up of the worker lets all of them on.
class Barrier {
 public:
  /// Without a log there is nothing to wait for. `connections` are those of the whole server.
  Barrier(boost::asio::io_context& context, Wal* wal,
          const std::atomic<std::uint32_t>& connections);
  ~Barrier();

  /// Whether everything logged so far is safe already.
  bool is_open() const {
    return !wal_ || (wal_->safe_lsn() >= wal_->last_lsn() && !wal_->failed());
  }

  /// Waits until everything that is logged now is safe. False: the log has failed, it never will
  /// be.
  boost::asio::awaitable<bool> pass();

 private:
  void ask_for_flush();

  boost::asio::io_context& context_;
  Wal* const wal_;
  const std::atomic<std::uint32_t>& connections_;
  boost::asio::steady_timer woken_;  // never expires: to cancel it wakes all who wait
  std::atomic<bool> waiting_ = false;
  bool asked_ = false;  // for a flush, at the end of this turn of the loop
  Listeners::Place listener_;
};

}  // namespace kv
