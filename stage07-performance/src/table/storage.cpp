#include "table/storage.hpp"

#include <utility>

namespace kv {

void Storage::prefetch(std::string_view, std::string_view) const {}

std::vector<Entry> Iterator::rest() {
  std::vector<Entry> entries;
  while (auto entry = next()) entries.push_back(std::move(*entry));
  return entries;
}

Result<std::vector<Entry>> Storage::get_all(std::string_view table) const {
  auto iterator = get_iter(table);
  if (!iterator) return iterator.error();
  return (*iterator)->rest();
}

}  // namespace kv
