// That part of a session which watches a table.

#include <boost/asio/post.hpp>

#include "base/limits.hpp"
#include "net/session.hpp"
#include "wire/codec.hpp"

namespace kv {

void Session::start_watch(const std::string& table) {
  watched_table_ = table;
  watcher_ = std::make_shared<Watcher>([this] { wake_soon(); });
  shared_.watch_hub.watch(table, watcher_);
}

std::string Session::take_events() {
  std::string events;
  if (!watcher_) return events;
  if (watcher_->overflown()) {
    connection_.close = true;
    encode({.status = Status::overloaded, .message = "events were not read in time, and are lost"},
           shared_.options.frame_bytes_max, events);
  }
  while (events.size() < answers_waiting_max) {
    const auto event = watcher_->next();
    if (!event) break;
    events += *event;
  }
  return events;
}

void Session::wake_soon() {
  boost::asio::post(socket_.get_executor(), [this, watching = std::weak_ptr{watcher_}] {
    if (watching.expired()) return;  // there is no session any more
    event_waits_.emit(boost::asio::cancellation_type::total);
  });
}

awaitable<void> Session::end_watch() {
  shared_.watch_hub.unwatch(watched_table_, watcher_);
  bool sent = true;
  while (sent && !watcher_->empty() && !connection_.close) sent = co_await send();
}

}  // namespace kv
