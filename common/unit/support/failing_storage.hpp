#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command/command.hpp"

namespace kv::test {

/// Every command that names a table, and the keys if it takes any; the many-key forms name a good
/// key first.
inline std::vector<Request> commands(const std::string& table, const std::string& key) {
  return {Hget{table, key},          Hmget{table, {"a", key}},
          Hset{table, {key, "new"}}, Hmset{table, {{"a", "new"}, {key, "new"}}},
          Hdel{table, key},          Hmdel{table, {"a", key}},
          Hexist{table, key},        Hmexist{table, {"a", key}}};
}

/// A storage on a disk that has gone bad: every call fails, and in the same way.
class FailingStorage : public Storage {
 public:
  explicit FailingStorage(Error error) : error_{std::move(error)} {}

  Result<std::optional<Value>> get(std::string_view, std::string_view) const override {
    return error_;
  }
  Result<Values> get_many(std::string_view, const std::vector<std::string>&) const override {
    return error_;
  }
  Result<bool> contains(std::string_view, std::string_view) const override { return error_; }
  Result<Values> contains_many(std::string_view, const std::vector<std::string>&) const override {
    return error_;
  }
  Result<std::optional<Value>> set(std::string_view, const Entry&) override { return error_; }
  Result<Values> set_many(std::string_view, const std::vector<Entry>&) override { return error_; }
  Result<std::optional<Value>> del(std::string_view, std::string_view) override { return error_; }
  Result<Values> del_many(std::string_view, const std::vector<std::string>&) override {
    return error_;
  }
  Result<std::unique_ptr<Iterator>> get_iter(std::string_view) const override { return error_; }
  Result<std::size_t> length(std::string_view) const override { return error_; }

 private:
  const Error error_;
};

}  // namespace kv::test
