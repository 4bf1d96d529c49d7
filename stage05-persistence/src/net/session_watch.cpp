#include "net/session_watch.hpp"

#include <boost/asio/post.hpp>

#include <utility>

#include "base/limits.hpp"

namespace kv {

SessionWatch::SessionWatch(WatchHub& hub, std::string table,
                           boost::asio::any_io_executor session_executor)
    : hub_{hub},
      table_{std::move(table)},
      session_executor_{std::move(session_executor)},
      watcher_{std::make_shared<Watcher>([this] { wake_soon(); })} {
  hub_.watch(table_, watcher_);
}

void SessionWatch::end() { hub_.unwatch(table_, watcher_); }

void SessionWatch::wake_soon() {
  boost::asio::post(session_executor_, [this, watcher = std::weak_ptr{watcher_}] {
    if (watcher.expired()) return;  // there is no session any more
    wake_.emit(boost::asio::cancellation_type::total);
  });
}

boost::asio::cancellation_slot SessionWatch::event_waits() {
  if (!watcher_->empty()) wake_soon();  // once the session waits
  return wake_.slot();
}

std::optional<std::string> SessionWatch::take() {
  if (watcher_->overflown()) return std::nullopt;
  std::string events;
  while (events.size() < answers_waiting_max) {
    const auto event = watcher_->next();
    if (!event) break;
    events += *event;
  }
  return events;
}

}  // namespace kv
