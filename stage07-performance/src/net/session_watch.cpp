// That part of a session which watches a table.

#include <boost/asio/post.hpp>

#include "base/limits.hpp"
#include "net/session.hpp"
#include "wire/codec.hpp"

namespace kv {

void Session::start_watch(const std::string& table) {
  watching_ = std::make_unique<Watching>();
  watching_->table = table;
  watching_->watcher = std::make_shared<Watcher>([this] { wake_soon(); });
  shared_.watch_hub.watch(table, watching_->watcher);
}

std::string Session::take_events() {
  std::string events;
  if (!watching_) return events;
  Watcher& watcher = *watching_->watcher;
  if (watcher.overflown()) {
    connection_.close = true;
    encode({.status = Status::overloaded, .message = "events were not read in time, and are lost"},
           shared_.options.frame_bytes_max, events);
  }
  while (events.size() < answers_waiting_max) {
    const auto event = watcher.next();
    if (!event) break;
    events += *event;
  }
  return events;
}

void Session::wake_soon() {
  boost::asio::post(socket_.get_executor(), [this, watcher = std::weak_ptr{watching_->watcher}] {
    if (watcher.expired()) return;  // there is no session any more
    watching_->event_waits.emit(boost::asio::cancellation_type::total);
  });
}

awaitable<void> Session::end_watch() {
  shared_.watch_hub.unwatch(watching_->table, watching_->watcher);
  bool sent = true;
  while (sent && !watching_->watcher->empty() && !connection_.close) sent = co_await send();
}

}  // namespace kv
