#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "table/change_observer.hpp"
#include "table/storage.hpp"
#include "table/tables.hpp"

namespace kv {

/// A Storage in memory. A hash of table and key picks one of 64 shards, each with a lock of its
/// own, so that writers of different keys seldom wait for each other, also in one table. A command
/// locks all shards that it touches, lowest first: then no two commands can wait for each other in
/// a circle.
class MemTable : public Storage {
 public:
  static constexpr std::size_t shard_count = 64;

  explicit MemTable(const AnswerLimit& limit) : limit_{limit} {}

  /// From now on every change goes through these observers, in this order: who may refuse comes
  /// first. To be called before the first change; they must be there as long as anything changes.
  void observe(std::vector<ChangeObserver*> observers) { observers_ = std::move(observers); }

  /// Shows one shard as it is now; its writers wait meanwhile.
  void visit_shard(std::size_t index, const std::function<void(const Tables&)>& visit) const;

  Result<std::optional<Value>> get(std::string_view table, std::string_view key) const override;
  Result<Values> get_many(std::string_view table,
                          const std::vector<std::string>& keys) const override;
  Result<bool> contains(std::string_view table, std::string_view key) const override;
  Result<Values> contains_many(std::string_view table,
                               const std::vector<std::string>& keys) const override;
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

  using ShardSet = std::uint64_t;  // a bit for each shard
  static constexpr ShardSet all_shards = ~ShardSet{0};
  class Locks;

  std::size_t count(std::string_view table) const;
  static std::size_t shard_index(std::string_view table, std::string_view key);
  static ShardSet shards_of(std::string_view table, const std::vector<std::string>& keys);
  static ShardSet shards_of(std::string_view table, std::span<const Entry> changes);

  Result<Values> apply(std::string_view table, std::span<const Entry> changes);
  Result<void> tell_observers(std::string_view table, std::span<const Entry> changes,
                              const Values& replaced);
  void put_back(std::string_view table, std::span<const Entry> changes,
                Values replaced) noexcept;  // half done would be worse than the end of the process

  const AnswerLimit limit_;
  std::vector<ChangeObserver*> observers_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace kv
