#pragma once

#include "table/storage.hpp"
#include "table/tables.hpp"

namespace kv {

/// Maps in a map, and nothing that keeps threads apart: one may call at a time. (The Storage that
/// threads may share is made of it in two ways: one_mutex.hpp and owner_thread.hpp.)
class Unlocked : public Storage {
 public:
  explicit Unlocked(const AnswerLimit& limit) : limit_{limit} {}

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
  const AnswerLimit limit_;
  Tables tables_;
};

}  // namespace kv
