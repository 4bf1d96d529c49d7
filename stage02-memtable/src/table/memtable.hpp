#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>

#include "table/storage.hpp"
#include "table/tables.hpp"

namespace kv {

/// A Storage in memory. A hash of table and key picks one of 64 shards, each with a lock of its
/// own, so that writers of different keys seldom wait for each other, also in one table. A command
/// locks all shards that it touches, lowest first: then no two commands can wait for each other in
/// a circle.
class MemTable : public Storage {
 public:
  explicit MemTable(const AnswerLimit& limit) : limit_{limit} {}

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
  struct alignas(64) Shard {   // 64: a cache line, so that two locks never share one
    mutable std::mutex mutex;  // guards tables
    Tables tables;
  };

  static constexpr std::size_t shard_count = 64;
  using ShardSet = std::uint64_t;  // a bit for each shard
  static constexpr ShardSet all_shards = ~ShardSet{0};
  class Locks;

  std::size_t count(std::string_view table) const;
  static std::size_t shard_index(std::string_view table, std::string_view key);
  static ShardSet shards_of(std::string_view table, const std::vector<std::string>& keys);
  static ShardSet shards_of(std::string_view table, std::span<const Entry> changes);

  Result<Values> apply(std::string_view table, std::span<const Entry> changes);

  const AnswerLimit limit_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace kv
