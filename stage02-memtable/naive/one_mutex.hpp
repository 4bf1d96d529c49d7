#pragma once

#include <mutex>

#include "naive/unlocked.hpp"

namespace kv {

/// The first Storage that one writes: one map and one mutex. It is right, and all threads stand in
/// one queue.
class OneMutex : public Storage {
 public:
  explicit OneMutex(const AnswerLimit& limit);

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
  mutable std::mutex mutex_;  // guards map_
  Unlocked map_;
};

}  // namespace kv
