#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/utf8.hpp"

// What a protobuf message is made of: fields, each with a tag in front that says which field it is,
// and by its type where it ends. A field that is not known can be skipped, so an old server
// understands a newer client.
//
//   +-----------------------------+--------------------------------------------------+
//   | tag: field's number * 8     | type 0: a varint          1: 8 bytes             |
//   |      + type, as a varint    |      2: length (varint), and so many bytes       |
//   |                             |      3: a group, fields up to a tag of type 4    |
//   |                             |      5: 4 bytes                                  |
//   +-----------------------------+--------------------------------------------------+
//
// A varint has 7 bits of a number in each byte, the lowest first, and the high bit set where more
// come. Texts, and messages in messages, are of type 2. Groups are an old form that we only skip.
// https://protobuf.dev/programming-guides/encoding
//
// Here fields are read and written one by one, without objects of the classes that protobuf
// generates: to make and destroy these takes longer than all else that is done for a request.

namespace kv {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

using Tag = std::uint32_t;
constexpr Tag tag_of(int field, Tag type) { return static_cast<Tag>(field) << 3 | type; }
constexpr Tag number_tag(int field) { return tag_of(field, 0); }
constexpr Tag double_tag(int field) { return tag_of(field, 1); }
constexpr Tag bytes_tag(int field) { return tag_of(field, 2); }

// --- to read: takes it off the front of `in`. False: the message is malformed ---

/// A varint of 64 bits has ten bytes at most.
inline bool read_varint(std::string_view& in, std::uint64_t& to, std::size_t bytes_max = 10) {
  to = 0;
  for (std::size_t i = 0; i < in.size() && i < bytes_max; ++i) {
    const auto byte = static_cast<std::uint8_t>(in[i]);
    to |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

/// One that must fit into 32 bits has five.
inline bool read_short_varint(std::string_view& in, std::uint64_t& to) {
  return read_varint(in, to, 5);
}

inline bool read_tag(std::string_view& in, Tag& to) {
  std::uint64_t tag = 0;
  if (!read_short_varint(in, tag)) return false;
  to = static_cast<Tag>(tag);
  return to >> 3 != 0;  // there is no field 0
}

/// Gives a view into the message.
inline bool read_bytes(std::string_view& in, std::uint64_t length, std::string_view& to) {
  if (length > in.size()) return false;
  to = in.substr(0, length);
  in.remove_prefix(length);
  return true;
}

/// The same, of a length that stands before it.
inline bool read_bytes(std::string_view& in, std::string_view& to) {
  std::uint64_t length = 0;
  return read_short_varint(in, length) && read_bytes(in, length, to);
}

/// Calls read(tag, in) for each field; it reads what follows the tag, or skips it.
template <class Read>
bool read_fields(std::string_view message, Read read) {
  Tag tag = 0;
  while (!message.empty()) {
    if (!read_tag(message, tag) || !read(tag, message)) return false;
  }
  return true;
}

/// The same, for a message in a message.
template <class Read>
bool read_message(std::string_view& in, Read read) {
  std::string_view message;
  return read_bytes(in, message) && read_fields(message, read);
}

/// Of a field that is not known here. Groups may be nested so deep.
inline bool skip(Tag tag, std::string_view& in, int depth = 100) {
  std::uint64_t number = 0;
  std::string_view bytes;
  switch (tag & 7) {
    case 0: return read_varint(in, number);
    case 1: return read_bytes(in, 8, bytes);
    case 2: return read_bytes(in, bytes);
    case 3:
      for (Tag inner = 0; depth > 0 && read_tag(in, inner);) {
        if (inner == tag + 1) return true;  // its end: the same field, type 4
        if (!skip(inner, in, depth - 1)) return false;
      }
      return false;
    case 5: return read_bytes(in, 4, bytes);
    default: return false;
  }
}

inline bool read_text(std::string_view& in, std::string& to) {
  std::string_view text;
  if (!read_bytes(in, text) || !is_utf8(text)) return false;
  to = std::string{text};  // with no more room than it needs
  return true;
}

inline bool read_binary(std::string_view& in, std::string& to) {
  std::string_view bytes;
  if (!read_bytes(in, bytes)) return false;
  to = std::string{bytes};
  return true;
}

inline bool read_integer(std::string_view& in, std::int64_t& to) {
  std::uint64_t bits = 0;
  if (!read_varint(in, bits)) return false;
  to = static_cast<std::int64_t>(bits);
  return true;
}

inline bool read_double(std::string_view& in, double& to) {
  std::string_view bytes;
  std::uint64_t bits = 0;
  if (!read_bytes(in, sizeof(bits), bytes)) return false;
  CodedInputStream::ReadLittleEndian64FromArray(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                &bits);
  to = std::bit_cast<double>(bits);
  return true;
}

inline bool read_bool(std::string_view& in, bool& to) {
  std::uint64_t number = 0;
  if (!read_varint(in, number)) return false;
  to = number != 0;
  return true;
}

// --- to write: first how many bytes it takes, since a length comes before its bytes ---

inline std::size_t varint_bytes(std::uint64_t number) {
  return CodedOutputStream::VarintSize64(number);
}
// With a tag of one byte, as fields below 16 have it.
inline std::size_t number_bytes(std::uint64_t number) { return 1 + varint_bytes(number); }
inline std::size_t double_bytes() { return 1 + sizeof(double); }
inline std::size_t field_bytes(std::size_t length) { return 1 + varint_bytes(length) + length; }

inline void put_tag(Tag tag, std::string& out) {
  assert(tag >> 3 < 16);  // or the sizes above are wrong
  out += static_cast<char>(tag);
}
inline void put_varint(std::uint64_t number, std::string& out) {
  std::uint8_t bytes[10];
  const auto* end = CodedOutputStream::WriteVarint64ToArray(number, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}
inline void put_number(int field, std::uint64_t number, std::string& out) {
  put_tag(number_tag(field), out);
  put_varint(number, out);
}
inline void put_double(int field, double number, std::string& out) {
  std::uint8_t bytes[sizeof(number)];
  CodedOutputStream::WriteLittleEndian64ToArray(std::bit_cast<std::uint64_t>(number), bytes);
  put_tag(double_tag(field), out);
  out.append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}
inline void put_length(int field, std::size_t length, std::string& out) {
  put_tag(bytes_tag(field), out);
  put_varint(length, out);
}
inline void put_bytes(int field, std::string_view bytes, std::string& out) {
  put_length(field, bytes.size(), out);
  out += bytes;
}

}  // namespace kv
