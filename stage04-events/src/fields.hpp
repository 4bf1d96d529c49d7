#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

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
// Here fields are read and written one by one, with protobuf's CodedInputStream and
// CodedOutputStream, and without objects of the classes that it generates: to make and destroy
// these takes longer than all else that is done for a request.

namespace kv {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

using Tag = std::uint32_t;
constexpr Tag tag_of(int field, Tag type) { return static_cast<Tag>(field) << 3 | type; }
constexpr Tag number_tag(int field) { return tag_of(field, 0); }
constexpr Tag double_tag(int field) { return tag_of(field, 1); }
constexpr Tag bytes_tag(int field) { return tag_of(field, 2); }

// --- to read; false: the message is malformed ---

/// A varint that must fit into 32 bits has five bytes at most.
inline bool read_short_varint(CodedInputStream& in, std::uint64_t& to) {
  const int begin = in.CurrentPosition();
  return in.ReadVarint64(&to) && in.CurrentPosition() - begin <= 5;
}

inline bool read_tag(CodedInputStream& in, Tag& to) {
  std::uint64_t tag = 0;
  if (!read_short_varint(in, tag)) return false;
  to = static_cast<Tag>(tag);
  return to >> 3 != 0;  // there is no field 0
}

/// Calls read(tag, in) for each field; it reads what follows the tag, or skips it.
template <class Read>
bool read_fields(std::string_view message, Read read) {
  assert(message.size() <= std::numeric_limits<int>::max());
  CodedInputStream in{reinterpret_cast<const std::uint8_t*>(message.data()),
                      static_cast<int>(message.size())};
  Tag tag = 0;
  while (!in.ExpectAtEnd()) {
    if (!read_tag(in, tag) || !read(tag, in)) return false;
  }
  return true;
}

/// Gives a view into the message.
inline bool read_bytes(CodedInputStream& in, std::string_view& to) {
  std::uint64_t length = 0;
  if (!read_short_varint(in, length)) return false;
  const void* data = nullptr;
  int left = 0;
  in.GetDirectBufferPointerInline(&data, &left);
  if (length > static_cast<std::uint64_t>(left)) return false;
  to = {static_cast<const char*>(data), static_cast<std::size_t>(length)};
  return in.Skip(static_cast<int>(length));
}

/// Of a field that is not known here. Groups may be nested so deep.
inline bool skip(Tag tag, CodedInputStream& in, int depth = 100) {
  std::uint64_t number = 0;
  std::string_view bytes;
  switch (tag & 7) {
    case 0: return in.ReadVarint64(&number);
    case 1: return in.Skip(8);
    case 2: return read_bytes(in, bytes);
    case 3:
      for (Tag inner = 0; depth > 0 && read_tag(in, inner);) {
        if (inner == tag + 1) return true;  // its end: the same field, type 4
        if (!skip(inner, in, depth - 1)) return false;
      }
      return false;
    case 5: return in.Skip(4);
    default: return false;
  }
}

/// Like read_fields, for a message in a message.
template <class Read>
bool read_message(CodedInputStream& in, Read read) {
  std::string_view message;
  return read_bytes(in, message) && read_fields(message, read);
}

/// Most texts are, and eight bytes at a time that is soon seen.
inline bool is_ascii(std::string_view text) {
  std::uint64_t bits = 0, eight = 0;
  for (; text.size() >= sizeof(eight); text.remove_prefix(sizeof(eight))) {
    std::memcpy(&eight, text.data(), sizeof(eight));
    bits |= eight;
  }
  for (const char c : text) bits |= static_cast<unsigned char>(c);
  return (bits & 0x8080'8080'8080'8080) == 0;
}

inline bool is_utf8(std::string_view text) {
  using google::protobuf::internal::WireFormatLite;
  return is_ascii(text) ||
         WireFormatLite::VerifyUtf8String(text.data(), static_cast<int>(text.size()),
                                          WireFormatLite::PARSE, "of a request");
}

inline bool read_text(CodedInputStream& in, std::string& to) {
  std::string_view text;
  if (!read_bytes(in, text) || !is_utf8(text)) return false;
  to = std::string{text};  // with no more room than it needs
  return true;
}

inline bool read_binary(CodedInputStream& in, std::string& to) {
  std::string_view bytes;
  if (!read_bytes(in, bytes)) return false;
  to = std::string{bytes};
  return true;
}

inline bool read_integer(CodedInputStream& in, std::int64_t& to) {
  std::uint64_t bits = 0;
  if (!in.ReadVarint64(&bits)) return false;
  to = static_cast<std::int64_t>(bits);
  return true;
}

inline bool read_double(CodedInputStream& in, double& to) {
  std::uint64_t bits = 0;
  if (!in.ReadLittleEndian64(&bits)) return false;
  to = std::bit_cast<double>(bits);
  return true;
}

inline bool read_bool(CodedInputStream& in, bool& to) {
  std::uint64_t number = 0;
  if (!in.ReadVarint64(&number)) return false;
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
