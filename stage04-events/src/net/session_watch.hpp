#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <optional>
#include <string>

#include "net/watch.hpp"

namespace kv {

/// What a session has while it watches a table: its place in the hub, and what wakes it when an
/// event waits. Made, used and destroyed on the session's thread; the events come on any.
class SessionWatch {
 public:
  /// From now on every change of the table waits here. The hub must outlive it.
  SessionWatch(WatchHub& hub, std::string table, boost::asio::any_io_executor session_executor);
  ~SessionWatch() { end(); }
  SessionWatch(const SessionWatch&) = delete;
  SessionWatch& operator=(const SessionWatch&) = delete;

  /// For what the session awaits next: that ends with operation_aborted as soon as an event waits,
  /// also when one waits already.
  boost::asio::cancellation_slot event_waits();

  /// As many events as may wait to be written, as frames; nullopt: they were not taken in time, and
  /// are lost.
  std::optional<std::string> take();

  bool empty() const { return watcher_->empty(); }  ///< nothing to take, and nothing lost
  void end();  ///< No more will come. What has come can still be taken.

 private:
  void wake_soon();  // from any thread

  WatchHub& hub_;
  const std::string table_;
  const boost::asio::any_io_executor session_executor_;
  boost::asio::cancellation_signal wake_;
  const std::shared_ptr<Watcher> watcher_;
};

}  // namespace kv
