#include "naive/unlocked.hpp"

#include <utility>

#include "table/copied_table.hpp"

namespace kv {
namespace {

Error answer_too_large() { return {Status::too_large, "the answer would be too large"}; }

}  // namespace

Result<std::optional<Value>> Unlocked::get(std::string_view table, std::string_view key) const {
  const Value* found = tables_.find(table, key);
  if (found && limit_.value_bytes(*found) > limit_.bytes_max) return answer_too_large();
  return found ? std::optional{*found} : std::nullopt;
}

Result<Values> Unlocked::get_many(std::string_view table,
                                  const std::vector<std::string>& keys) const {
  Values values;
  std::size_t answer_bytes = 0;
  for (const auto& key : keys) {
    const Value* found = tables_.find(table, key);
    values.push_back(found ? std::optional{*found} : std::nullopt);
    answer_bytes += limit_.value_bytes(values.back());
    if (answer_bytes > limit_.bytes_max) return answer_too_large();
  }
  return values;
}

Result<bool> Unlocked::contains(std::string_view table, std::string_view key) const {
  return tables_.find(table, key) != nullptr;
}

Result<std::optional<Value>> Unlocked::set(std::string_view table, const Entry& entry) {
  return tables_.exchange(table, entry.key, entry.value);
}

Result<Values> Unlocked::set_many(std::string_view table, const std::vector<Entry>& entries) {
  Values previous;
  for (const auto& [key, value] : entries) previous.push_back(tables_.exchange(table, key, value));
  return previous;
}

Result<std::optional<Value>> Unlocked::del(std::string_view table, std::string_view key) {
  return tables_.exchange(table, key, std::nullopt);
}

Result<Values> Unlocked::del_many(std::string_view table, const std::vector<std::string>& keys) {
  Values removed;
  for (const auto& key : keys) removed.push_back(tables_.exchange(table, key, std::nullopt));
  return removed;
}

Result<std::unique_ptr<Iterator>> Unlocked::get_iter(std::string_view table) const {
  std::vector<Entry> entries;
  std::size_t answer_bytes = 0;
  if (const auto rows = tables_.by_name.find(table); rows != tables_.by_name.end()) {
    for (const auto& [key, value] : rows->second) {
      entries.push_back({key, value});
      answer_bytes += limit_.entry_bytes(entries.back());
      if (answer_bytes > limit_.bytes_max) return answer_too_large();
    }
  }
  return std::unique_ptr<Iterator>{std::make_unique<CopiedTable>(std::move(entries))};
}

Result<std::size_t> Unlocked::length(std::string_view table) const {
  const auto rows = tables_.by_name.find(table);
  return rows == tables_.by_name.end() ? 0 : rows->second.size();
}

}  // namespace kv
