#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "table/change_observer.hpp"

namespace kv {

/// The events of one table that wait for one connection. Any thread may call.
class Watcher {
 public:
  // A whole frame, shared by all who watch the table.
  using Event = std::shared_ptr<const std::string>;

  /// `wake` is called when an event comes to an empty queue, and when the queue overflows: by the
  /// thread that made the change and under its locks, so it must only pass the word on.
  explicit Watcher(std::function<void()> wake) : wake_{std::move(wake)} {}

  void add(const Event& event);  ///< nullptr: one that can't be sent; the watcher overflows
  Event next();                  ///< nullptr: none waits
  bool empty() const;            ///< also false when it has overflown
  bool overflown()
      const;  ///< over watch_bytes_max had waited; they were dropped, and no more will come

 private:
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // guards the members below
  std::deque<Event> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool overflown_ = false;
};

/// Tells those who watch a table about its changes, each once, in their order. Any thread may call.
class WatchHub : public ChangeObserver {
 public:
  explicit WatchHub(std::size_t frame_bytes_max) : frame_bytes_max_{frame_bytes_max} {}

  /// Every change of `table` from this call on goes to the watcher, until unwatch has returned.
  void watch(const std::string& table, const std::shared_ptr<Watcher>& watcher);
  void unwatch(const std::string& table, const std::shared_ptr<Watcher>& watcher);

  Result<void> on_change(std::string_view table, std::span<const Entry> changes) noexcept override;

 private:
  Watcher::Event make_event(std::span<const Entry> changes) const;

  const std::size_t frame_bytes_max_;
  std::atomic<std::size_t> count_ = 0;  // of watchers: without any, a change costs this look
  std::mutex mutex_;                    // guards watchers_
  std::map<std::string, std::set<std::shared_ptr<Watcher>>, std::less<>> watchers_;
};

}  // namespace kv
