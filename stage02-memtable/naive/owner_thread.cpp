#include "naive/owner_thread.hpp"

#include <future>
#include <utility>

namespace kv {

// --- the channel ---

OwnerThread::OwnerThread(const AnswerLimit& limit) : map_{limit}, owner_{[this] { run(); }} {}

OwnerThread::~OwnerThread() {
  send({});
  owner_.join();
}

void OwnerThread::send(Command command) const {
  {
    const std::lock_guard lock{mutex_};
    channel_.push_back(std::move(command));
  }
  sent_.notify_one();
}

void OwnerThread::run() {
  while (true) {
    std::unique_lock lock{mutex_};
    sent_.wait(lock, [this] { return !channel_.empty(); });
    const Command command = std::move(channel_.front());
    channel_.pop_front();
    lock.unlock();  // others may send while this one is done
    if (!command) return;
    command();
  }
}

/// A packaged_task puts what the work returns, or throws, into the future. Shared, since whoever
/// has the answer goes on, and the owner may then still be about to leave the task.
template <class Work>
auto OwnerThread::ask(Work work) const {
  using Task = std::packaged_task<decltype(work())()>;
  const auto task = std::make_shared<Task>(std::move(work));
  send([task] { (*task)(); });
  return task->get_future().get();
}

// --- the commands ---

Result<std::optional<Value>> OwnerThread::get(std::string_view table, std::string_view key) const {
  return ask([&] { return map_.get(table, key); });
}

Result<Values> OwnerThread::get_many(std::string_view table,
                                     const std::vector<std::string>& keys) const {
  return ask([&] { return map_.get_many(table, keys); });
}

Result<bool> OwnerThread::contains(std::string_view table, std::string_view key) const {
  return ask([&] { return map_.contains(table, key); });
}

Result<std::optional<Value>> OwnerThread::set(std::string_view table, const Entry& entry) {
  return ask([&] { return map_.set(table, entry); });
}

Result<Values> OwnerThread::set_many(std::string_view table, const std::vector<Entry>& entries) {
  return ask([&] { return map_.set_many(table, entries); });
}

Result<std::optional<Value>> OwnerThread::del(std::string_view table, std::string_view key) {
  return ask([&] { return map_.del(table, key); });
}

Result<Values> OwnerThread::del_many(std::string_view table, const std::vector<std::string>& keys) {
  return ask([&] { return map_.del_many(table, keys); });
}

Result<std::unique_ptr<Iterator>> OwnerThread::get_iter(std::string_view table) const {
  return ask([&] { return map_.get_iter(table); });
}

Result<std::size_t> OwnerThread::length(std::string_view table) const {
  return ask([&] { return map_.length(table); });
}

}  // namespace kv
