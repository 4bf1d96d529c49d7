#include "table/storage.hpp"

#include <utility>

namespace kv {

Result<std::vector<Entry>> Storage::get_all(std::string_view table) const {
  auto iterator = get_iter(table);
  if (!iterator) return iterator.error();
  std::vector<Entry> entries;
  while (auto entry = (*iterator)->next()) entries.push_back(std::move(*entry));
  return entries;
}

}  // namespace kv
