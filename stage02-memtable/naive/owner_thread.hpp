#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "naive/unlocked.hpp"

namespace kv {

/// One thread owns the map; the others send it commands over a channel, and wait for the answers.
/// In the channel there is one command of each caller at most.
class OwnerThread : public Storage {
 public:
  explicit OwnerThread(const AnswerLimit& limit);
  ~OwnerThread() override;

  Result<std::optional<Value>> get(std::string_view table, std::string_view key) const override;
  Result<Values> get_many(std::string_view table,
                          const std::vector<std::string>& keys) const override;
  Result<bool> contains(std::string_view table, std::string_view key) const override;
  Result<std::optional<Value>> set(std::string_view table, const Entry& entry) override;
  Result<Values> set_many(std::string_view table, const std::vector<Entry>& entries) override;
  Result<std::optional<Value>> del(std::string_view table, std::string_view key) override;
  Result<Values> del_many(std::string_view table, const std::vector<std::string>& keys) override;
  Result<std::unique_ptr<Iterator>> get_iter(std::string_view table) const override;
  Result<std::size_t> length(std::string_view table) const override;

 private:
  using Command = std::function<void()>;

  void send(Command command) const;
  void run();  // the owner's life: an empty command ends it

  /// Has the owner do it; gives its answer back, or throws what it threw.
  template <class Work>
  auto ask(Work work) const;

  Unlocked map_;              // the owner's alone
  mutable std::mutex mutex_;  // guards channel_
  mutable std::condition_variable sent_;
  mutable std::deque<Command> channel_;
  std::thread owner_;  // last: it needs all of the above
};

}  // namespace kv
