#include "naive/one_mutex.hpp"

namespace kv {

using Lock = std::lock_guard<std::mutex>;

OneMutex::OneMutex(const AnswerLimit& limit) : map_{limit} {}

Result<std::optional<Value>> OneMutex::get(std::string_view table, std::string_view key) const {
  const Lock lock{mutex_};
  return map_.get(table, key);
}

Result<Values> OneMutex::get_many(std::string_view table,
                                  const std::vector<std::string>& keys) const {
  const Lock lock{mutex_};
  return map_.get_many(table, keys);
}

Result<bool> OneMutex::contains(std::string_view table, std::string_view key) const {
  const Lock lock{mutex_};
  return map_.contains(table, key);
}

Result<std::optional<Value>> OneMutex::set(std::string_view table, const Entry& entry) {
  const Lock lock{mutex_};
  return map_.set(table, entry);
}

Result<Values> OneMutex::set_many(std::string_view table, const std::vector<Entry>& entries) {
  const Lock lock{mutex_};
  return map_.set_many(table, entries);
}

Result<std::optional<Value>> OneMutex::del(std::string_view table, std::string_view key) {
  const Lock lock{mutex_};
  return map_.del(table, key);
}

Result<Values> OneMutex::del_many(std::string_view table, const std::vector<std::string>& keys) {
  const Lock lock{mutex_};
  return map_.del_many(table, keys);
}

Result<std::unique_ptr<Iterator>> OneMutex::get_iter(std::string_view table) const {
  const Lock lock{mutex_};
  return map_.get_iter(table);
}

Result<std::size_t> OneMutex::length(std::string_view table) const {
  const Lock lock{mutex_};
  return map_.length(table);
}

}  // namespace kv
