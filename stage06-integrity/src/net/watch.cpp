#include "net/watch.hpp"

#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace kv {

void Watcher::add(const Event& event) {
  const std::lock_guard lock{mutex_};
  if (overflown_) return;
  const bool wake = waiting_.empty();
  waiting_bytes_ += event ? event->size() : 0;
  // One is taken, however large.
  overflown_ = !event || (!wake && waiting_bytes_ > watch_bytes_max);
  if (overflown_) {
    waiting_.clear();
  } else {
    waiting_.push_back(event);
  }
  if (wake || overflown_) wake_();
}

Watcher::Event Watcher::next() {
  const std::lock_guard lock{mutex_};
  if (waiting_.empty()) return nullptr;
  Event event = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= event->size();
  return event;
}

bool Watcher::empty() const {
  const std::lock_guard lock{mutex_};
  return waiting_.empty() && !overflown_;
}

bool Watcher::overflown() const {
  const std::lock_guard lock{mutex_};
  return overflown_;
}

/// nullptr when it does not fit into a frame: many short keys, removed at once, can do that.
Watcher::Event WatchHub::make_event(std::span<const Entry> changes) const {
  const Response response{.pairs = {changes.begin(), changes.end()}};
  if (wire_bytes(response) > frame_bytes_max_) return nullptr;
  std::string frame;
  encode(response, frame_bytes_max_, frame);
  return std::make_shared<const std::string>(std::move(frame));
}

void WatchHub::watch(const std::string& table, const std::shared_ptr<Watcher>& watcher) {
  const std::lock_guard lock{mutex_};
  watchers_[table].insert(watcher);
  ++count_;
}

void WatchHub::unwatch(const std::string& table, const std::shared_ptr<Watcher>& watcher) {
  const std::lock_guard lock{mutex_};
  const auto of_table = watchers_.find(table);
  if (of_table == watchers_.end() || of_table->second.erase(watcher) == 0) return;
  if (of_table->second.empty()) watchers_.erase(of_table);
  --count_;
}

Result<void> WatchHub::on_change(std::string_view table, std::span<const Entry> changes) noexcept {
  if (count_ == 0) return {};
  const std::lock_guard lock{mutex_};
  const auto of_table = watchers_.find(table);
  if (of_table == watchers_.end()) return {};
  const auto event = make_event(changes);
  for (const auto& watcher : of_table->second) watcher->add(event);
  return {};
}

}  // namespace kv
