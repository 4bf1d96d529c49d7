#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <utility>

namespace kv {

/// Whom to call when something has happened. Any thread may call any of these; a listener must not,
/// and is never called once it has been removed.
class Listeners {
 public:
  using Listener = std::function<void()>;
  using Place = std::list<Listener>::iterator;

  Place add(Listener listener) {
    const std::lock_guard lock{mutex_};
    return listeners_.insert(listeners_.end(), std::move(listener));
  }

  void remove(Place place) {
    const std::lock_guard lock{mutex_};
    listeners_.erase(place);
  }

  void tell() {
    const std::lock_guard lock{mutex_};
    for (const auto& listener : listeners_) listener();
  }

 private:
  std::mutex mutex_;  // guards listeners_, and is held while they are called
  std::list<Listener> listeners_;
};

}  // namespace kv
