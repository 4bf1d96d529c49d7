#include "contents.hpp"

#include <fmt/format.h>

#include <limits>

#include "disk/checksum.hpp"

namespace kv::test {

std::string text_of(const Value& value) {
  constexpr std::size_t shown_max = 24;
  const auto bytes = value_bytes(value);
  auto text = std::to_string(value.index()) + ":" + std::string{bytes.substr(0, shown_max)};
  if (bytes.size() > shown_max)
    text += fmt::format("... {} bytes, {:016x}", bytes.size(), checksum(bytes, 0));
  return text;
}

Contents contents_of(const MemTable& memtable) {
  Contents contents;
  for (std::size_t shard = 0; shard < MemTable::shard_count; ++shard) {
    memtable.visit_shard(shard, [&](const Tables& tables) {
      for (const auto& [name, rows] : tables.by_name) contents.try_emplace(name);
    });
  }
  for (auto& [name, rows] : contents) {
    for (const auto& entry : *memtable.get_all(name)) rows[entry.key] = text_of(*entry.value);
  }
  return contents;
}

AnswerLimit any_answer() {
  return {std::numeric_limits<std::size_t>::max(),
          [](const std::optional<Value>&) { return std::size_t{0}; },
          [](const Entry&) { return std::size_t{0}; }};
}

}  // namespace kv::test
