#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <functional>

#include "net/session.hpp"

namespace kv {

/// Runs a context to its end, also when memory runs out in between: that costs what needed it.
/// `go_on` is called first, and after each such time: it begins again what must never end. What
/// that is waits with plain callbacks. A coroutine in which memory runs out inside Asio is
/// destroyed by it, and hears nothing.
void run_to_the_end(boost::asio::io_context& context, const std::function<void()>& go_on);

/// One thread, one io_context, and the connections that live on it from beginning to end: so a
/// session needs no lock. start, drain and stop may be
/// called from any thread.
class Worker {
 public:
  explicit Worker(const Shared& shared) : shared_{shared} {}

  /// Where its sockets belong.
  boost::asio::io_context& context() { return context_; }

  void run();  ///< the thread's work; returns after drain, with the last session, or after stop
  /// Serves a client, or refuses it: with linger_time to read why, for refusals_max at a time.
  void start(tcp::socket socket);
  void drain();                     ///< every session answers what it has received, and ends
  void stop() { context_.stop(); }  ///< at once

 private:
  awaitable<void> serve(Place place, tcp::socket socket, bool over);
  void wait_for_deadlines();

  const Shared& shared_;
  boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>> sessions_;
  bool draining_ = false;
  bool timer_waits_ = false;
  boost::asio::io_context context_{1};  // one thread runs it; it ends before what it uses, above
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};  // until drain: also without a timer it has not ended
  // Made with the worker, not in its thread: a timer takes descriptors, and without them the
  // server does not start.
  boost::asio::steady_timer timer_{context_};
};

}  // namespace kv
