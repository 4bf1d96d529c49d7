#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// What a protobuf message is made of: fields, each with a tag that says which field it is and what
// its bytes look like.
//
//   +-----------------------+----------------------------------------------------------+
//   | tag: number << 3 | type | type 0: varint; 1: 8 bytes; 2: length (varint), bytes    |
//   +-----------------------+----------------------------------------------------------+
//
// A varint has 7 bits of a number in each byte, the lowest first, and the high bit where more come.
// Texts and messages in messages are of type 2. https://protobuf.dev/programming-guides/encoding
//
// Here they are read and written one by one, with protobuf's own primitives and without objects of
// the classes that it generates: to make and destroy these takes longer than all else that is done
// for a request.

namespace kv {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

using Tag = std::uint32_t;
constexpr Tag number_tag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT);
}
constexpr Tag double_tag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_FIXED64);
}
constexpr Tag bytes_tag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

// --- to read; false: the message is malformed ---

/// Calls read(tag, in) for each field; it reads what follows the tag, or skips it.
template <class Read>
bool read_fields(std::string_view message, Read read) {
  CodedInputStream in{reinterpret_cast<const std::uint8_t*>(message.data()),
                      static_cast<int>(message.size())};
  while (!in.ExpectAtEnd()) {
    const int begin = in.CurrentPosition();
    const Tag tag = in.ReadTag();  // which also takes more than the five bytes that 32 bits need
    if (tag == 0 || in.CurrentPosition() - begin > 5 || !read(tag, in)) return false;
  }
  return true;
}

inline bool skip(Tag tag, CodedInputStream& in) { return WireFormatLite::SkipField(&in, tag); }

/// Gives a view into the message.
inline bool read_bytes(CodedInputStream& in, std::string_view& to) {
  int length = 0, left = 0;
  if (!in.ReadVarintSizeAsInt(&length)) return false;
  const void* data = nullptr;
  in.GetDirectBufferPointerInline(&data, &left);
  to = {static_cast<const char*>(data), static_cast<std::size_t>(length)};
  return in.Skip(length);
}

/// The same for a message in a message.
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

inline bool read_text(CodedInputStream& in, std::string& to) {
  std::string_view text;
  if (!read_bytes(in, text)) return false;
  to = std::string{text};
  return is_ascii(text) ||
         WireFormatLite::VerifyUtf8String(text.data(), static_cast<int>(text.size()),
                                          WireFormatLite::PARSE, "of a request");
}

inline bool read_double(CodedInputStream& in, double& to) {
  std::uint64_t bits = 0;
  if (!in.ReadLittleEndian64(&bits)) return false;
  to = std::bit_cast<double>(bits);
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

inline void put_varint(std::uint64_t number, std::string& out) {
  std::uint8_t bytes[10];
  const auto* end = CodedOutputStream::WriteVarint64ToArray(number, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}
inline void put_number(int field, std::uint64_t number, std::string& out) {
  put_varint(number_tag(field), out);
  put_varint(number, out);
}
inline void put_double(int field, double number, std::string& out) {
  std::uint8_t bytes[sizeof(number)];
  CodedOutputStream::WriteLittleEndian64ToArray(std::bit_cast<std::uint64_t>(number), bytes);
  put_varint(double_tag(field), out);
  out.append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}
inline void put_length(int field, std::size_t length, std::string& out) {
  put_varint(bytes_tag(field), out);
  put_varint(length, out);
}
inline void put_bytes(int field, std::string_view bytes, std::string& out) {
  put_length(field, bytes.size(), out);
  out += bytes;
}

}  // namespace kv
