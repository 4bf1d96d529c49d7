#include "net/prefetch.hpp"

#include "proto/kv.pb.h"
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

}  // namespace kv
