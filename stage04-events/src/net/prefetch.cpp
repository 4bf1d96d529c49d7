#include "net/prefetch.hpp"

#include "proto/kv.pb.h"
#include "table/memtable.hpp"
#include "wire/fields.hpp"
#include "wire/frame.hpp"

namespace kv {
namespace {

/// Takes a text, or a message in a message, off the front of `in`; it must be this field.
bool read_bytes_of(int field, std::string_view& in, std::string_view& to) {
  Tag tag = 0;
  return read_tag(in, tag) && tag == bytes_tag(field) && read_bytes(in, to);
}

}  // namespace

void prefetch_next(std::string_view input, std::size_t bytes_max, const Service& service) {
  using Message = wire::CommandRequest;
  const auto frame = next_frame(input, bytes_max);
  if (!frame || !*frame) return;
  Tag command = 0;
  std::string_view message = **frame, members, table, key;
  if (!read_tag(message, command) || !read_bytes(message, members)) return;
  if (!read_bytes_of(1, members, table) || !read_bytes_of(2, members, key)) return;
  const bool in_a_pair = command == bytes_tag(Message::kHsetFieldNumber) ||
                         command == bytes_tag(Message::kHmsetFieldNumber);
  std::string_view pair = key;
  if (in_a_pair && !read_bytes_of(wire::Kvpair::kKeyFieldNumber, pair, key)) return;
  service.prefetch(table, key);
}

void MemTable::prefetch(std::string_view table, std::string_view key) const {
  const Name in{table}, name{key};
  const Shard& shard = shards_[shard_index(in, name)];
  const std::unique_lock lock{shard.mutex, std::try_to_lock};
  if (!lock) return;  // to wait would be worse than to miss
  const auto rows = shard.tables.by_name.find(in);
  if (rows != shard.tables.by_name.end()) (void)rows->second.contains(Awaited{name});
}

}  // namespace kv
