// The codec reads and writes protobuf field by field. Here the classes that protobuf generates from
// the schema say what is right: the same messages go to both, good ones and damaged ones.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "client/client_codec.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/seed.hpp"
#include "proto/kv.pb.h"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace kv {
namespace {

class CodecModel : public testing::Test {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::string text() {
    constexpr const char* texts[] = {"", "k", "z\u00fcrich", "a text of more than sixteen bytes"};
    return texts[below(4)] + std::string(below(8), 'x');
  }
  std::optional<Value> value() {
    switch (below(6)) {
      case 0: return text();
      case 1: return Binary{"\xff" + text()};
      case 2: return static_cast<std::int64_t>(random_() >> below(64));
      case 3: return static_cast<double>(random_()) / 1024;
      case 4: return below(2) == 0;
      default: return std::nullopt;
    }
  }
  Entry entry() { return {text(), value()}; }
  std::vector<std::string> keys() {
    std::vector<std::string> keys(below(4));
    for (auto& key : keys) key = text();
    return keys;
  }
  std::vector<Entry> entries() {
    std::vector<Entry> entries(below(4));
    for (auto& each : entries) each = entry();
    return entries;
  }

  Request request() {
    switch (below(14)) {
      case 0: return Ping{text()};
      case 1: return Hget{text(), text()};
      case 2: return Hgetall{text()};
      case 3: return Hmget{text(), keys()};
      case 4: return Hset{text(), entry()};
      case 5: return Hmset{text(), entries()};
      case 6: return Hdel{text(), text()};
      case 7: return Hmdel{text(), keys()};
      case 8: return Hexist{text(), text()};
      case 9: return Hmexist{text(), keys()};
      case 10: return Hlen{text()};
      case 11: return Auth{text()};
      case 12: return Watch{text()};
      default: return Info{};
    }
  }

  /// Changes, removes, inserts or repeats some bytes.
  void damage(std::string& bytes) {
    if (bytes.empty()) return;
    const auto at = below(bytes.size()), length = below(bytes.size() - at + 1);
    switch (below(5)) {
      case 0: bytes[at] = static_cast<char>(random_()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 2: bytes.erase(at, length); break;
      case 3: bytes.insert(at, bytes.substr(at, length)); break;
      default: bytes.insert(at, 1, static_cast<char>(random_()));
    }
  }

  std::mt19937_64 random_{test::random_seed()};
};

/// What protobuf finds in the message; what it does not know is left out.
std::optional<wire::CommandRequest> model_of(const std::string& bytes) {
  wire::CommandRequest model;
  if (!model.ParseFromString(bytes)) return std::nullopt;
  model.DiscardUnknownFields();
  return model;
}

constexpr const char* malformed_text = "not a CommandRequest";

void expect_as_protobuf(const std::string& bytes) {
  const auto model = model_of(bytes);
  const auto decoded = decode(bytes);
  if (decoded) {
    ASSERT_TRUE(model) << test::hex_dump(bytes);
    ASSERT_TRUE(test::same_bytes(model->SerializeAsString(), encode_request(*decoded)))
        << test::hex_dump(bytes);
  } else {
    ASSERT_EQ(!model, decoded.error().message.starts_with(malformed_text)) << test::hex_dump(bytes);
  }
}

TEST_F(CodecModel, RareFormsAreReadAsProtobufReadsThem) {
  const auto with = [](std::string_view in_hlen, std::string_view behind) {
    std::string bytes{"\x9a\x01"};  // HLEN
    bytes += static_cast<char>(3 + in_hlen.size());
    return bytes.append("\x0a\x01t").append(in_hlen).append(behind);
  };
  using namespace std::string_view_literals;
  const std::string_view fields[] = {
      "",                                        // nothing more
      "\x6a\x81\x80\x80\x80\x10x"sv,             // field 13 of 2^32 + 1 bytes, and one of them
      "\x6a\x81\x80\x80\x80\x80\x00x"sv,         // a length of six bytes
      "\x6b\x88\x80\x80\x80\x80\x00\x01\x6c"sv,  // a tag of six bytes in a group
      "\xe8\x80\x80\x80\x80\x00\x01"sv,          // and in no group
      "\x68\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"sv,      // a number of ten bytes, too large
      "\x68\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"sv,  // and of eleven
      "\x6b\x08\x01\x6c"sv,                                  // a group
      "\x6b\x08\x01\x74"sv,                                  // with another's end
      "\x6b\x08\x01"sv,                                      // without an end
      "\x6c"sv,                                              // an end without a group
      "\x6d"
      "1234"sv,  // four bytes
      "\x69"
      "12345678"sv,   // eight bytes
      "\x6e"sv,       // no type
      "\x02\x01x"sv,  // field 0
      "\x00"sv,       // a tag of nothing
      "\x0a\x01u"sv,  // the table again, where it is HLEN's
      "\x08\x01"sv,   // the table as a number
  };
  for (const auto field : fields) {
    expect_as_protobuf(with("", field));
    expect_as_protobuf(with(field, ""));
  }
  std::string groups;
  for (int i = 0; i < 200; ++i) {
    groups += "\x6b";
    expect_as_protobuf(with("", groups + std::string(groups.size(), '\x6c')));
  }
}

TEST_F(CodecModel, RequestsAreReadAsProtobufReadsThem) {
  log_protobuf_errors();
  std::size_t good = 0, refused = 0, malformed = 0;
  for (int i = 0; i < 40'000; ++i) {
    auto bytes = encode_request(request());
    if (below(4) == 0) bytes += encode_request(request());  // the last one counts, or adds to it
    for (auto damages = below(4); damages > 0; --damages) damage(bytes);

    expect_as_protobuf(bytes);
    if (HasFatalFailure()) FAIL() << "message " << i;
    const auto decoded = decode(bytes);
    if (decoded) {
      ++good;
    } else {
      decoded.error().message.starts_with(malformed_text) ? ++malformed : ++refused;
    }
  }
  EXPECT_GT(good, 4'000u);
  EXPECT_GT(refused, 2'000u);
  EXPECT_GT(malformed, 4'000u);
}

TEST_F(CodecModel, ResponsesAreWrittenAsProtobufWritesThem) {
  constexpr Status statuses[] = {Status::ok, Status::not_found, Status::too_large};
  for (int i = 0; i < 10'000; ++i) {
    Response response{.status = statuses[below(3)]};
    if (below(2) == 0) response.message = "m" + std::string(below(200), 'm');
    for (auto left = below(4); left > 0; --left) response.values.push_back(value());
    for (auto left = below(4); left > 0; --left) response.pairs.push_back({"k" + text(), value()});
    std::string frame;
    encode(response, 1 << 20, frame);
    const auto bytes = frame.substr(frame_header_bytes);

    wire::CommandResponse model;
    ASSERT_TRUE(model.ParseFromString(bytes)) << test::hex_dump(bytes);
    EXPECT_TRUE(test::same_bytes(model.SerializeAsString(), bytes)) << "response " << i;
    const auto received = decode_response(bytes);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->status, response.status);
    EXPECT_EQ(received->message, response.message);
    EXPECT_EQ(received->pairs, response.pairs);
    EXPECT_EQ(received->values, response.values);
  }
}

}  // namespace
}  // namespace kv
