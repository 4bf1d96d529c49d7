#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "session.hpp"

namespace kv {

/// Runs a context to its end, also when memory runs out in between: that costs what needed it.
void run_to_the_end(boost::asio::io_context& context);

/// One thread, one io_context, and the connections that live on it from beginning to end: so a
/// session needs no lock. start, drain and stop may be
/// called from any thread.
class Worker {
 public:
  explicit Worker(const Shared& shared)
      : shared_{shared}, barrier_{context_, shared.wal, shared.load.connections} {}

  /// Where its sockets belong.
  boost::asio::io_context& context() { return context_; }

  void run();  ///< the thread's work; returns after drain, with the last session, or after stop
  void start(tcp::socket socket);
  void drain();                     ///< every session answers what it has received, and ends
  void stop() { context_.stop(); }  ///< at once

 private:
  awaitable<void> serve(tcp::socket socket);
  awaitable<void> check_deadlines();

  const Shared& shared_;
  boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>> sessions_;
  bool draining_ = false;
  boost::asio::io_context context_{1};  // one thread runs it; it ends before what it uses, above
  boost::asio::steady_timer timer_{context_};  // takes descriptors: here, while there are some
  Barrier barrier_;
};

}  // namespace kv
