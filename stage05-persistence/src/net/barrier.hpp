#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>

#include "disk/wal.hpp"

namespace kv {

/// The output rule: nothing leaves the server, neither an answer nor an event, before every change
/// that it may depend on is durable. Each worker has a barrier; its sessions pass it before they
/// write. One wake-up of the worker lets all of them on.
class Barrier {
 public:
  /// Without a log there is nothing to wait for.
  Barrier(boost::asio::io_context& context, Wal* wal);
  ~Barrier();

  /// Whether everything logged so far is durable already.
  bool is_open() const {
    return !wal_ || (wal_->durable_lsn() >= wal_->last_lsn() && !wal_->failed());
  }

  /// Waits until everything that is logged now is durable. False: the log has failed, it never will
  /// be.
  boost::asio::awaitable<bool> pass();

 private:
  void ask_for_flush();

  boost::asio::io_context& context_;
  Wal* const wal_;
  boost::asio::steady_timer woken_;  // never expires: to cancel it wakes all who wait
  std::atomic<bool> waiting_ = false;
  bool asked_ = false;  // for a flush, at the end of this turn of the loop
  Listeners::Place listener_;
};

}  // namespace kv
