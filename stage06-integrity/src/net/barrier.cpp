#include "net/barrier.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kv {

Barrier::Barrier(boost::asio::io_context& context, Wal* wal,
                 const std::atomic<std::uint32_t>& connections)
    : context_{context},
      wal_{wal},
      connections_{connections},
      woken_{context, boost::asio::steady_timer::time_point::max()} {
  if (!wal_) return;
  listener_ = wal_->listeners().add([this] {
    if (waiting_.exchange(false)) boost::asio::dispatch(context_, [this] { woken_.cancel(); });
  });
}

Barrier::~Barrier() {
  if (wal_) wal_->listeners().remove(listener_);
}

boost::asio::awaitable<bool> Barrier::pass() {
  const Lsn lsn = wal_ ? wal_->last_lsn() : 0;
  while (wal_ && wal_->safe_lsn() < lsn) {
    if (wal_->failed()) co_return false;
    waiting_ = true;
    if (wal_->safe_lsn() >= lsn || wal_->failed()) continue;  // it came before it could know of us
    ask_for_flush();
    co_await woken_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return !wal_ || !wal_->failed();
}

/// Once for all sessions of this turn of the worker's loop, after the last of them: what they have
/// changed is one group. To wake the log's thread for the first one would sync that alone. But a
/// connection that has the server for itself holds nobody up, and saves two switches of threads.
void Barrier::ask_for_flush() {
  if (asked_) return;
  boost::asio::post(context_, [this] {
    asked_ = false;
    if (connections_ > 1) return wal_->flush_soon();
    if (wal_->flush_now()) ask_for_flush();  // again, once the answers are on their way
  });
  asked_ = true;  // not before: memory may run out
}

}  // namespace kv
