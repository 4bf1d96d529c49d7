// The codec reads and writes protobuf field by field. Here the classes that protobuf generates from
// the schema say what is right: the same messages go to both, good ones and damaged ones.

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "client_codec.hpp"
#include "codec.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/seed.hpp"
#include "frame.hpp"
#include "proto/kv.pb.h"

namespace kv {
namespace {

class CodecModel : public testing::Test {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::string text() {
    constexpr const char* texts[] = {"", "k", "z\u00fcrich", "a text of more than sixteen bytes"};
    return below(50) == 0 ? "no UTF-8: \xc3(" : texts[below(4)] + std::string(below(8), 'x');
  }
  std::optional<Value> value() {
    switch (below(6)) {
      case 0: return text();
      case 1: return Binary{"\xff" + text()};
      case 2: return static_cast<std::int64_t>(random_() >> below(64));
      case 3: return std::bit_cast<double>(random_());
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
    switch (below(11)) {
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
      default: return Hlen{text()};
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

/// Of a PING's empty message, and of an empty value, it makes no difference whether it is there.
void remove_empty(wire::CommandRequest& model) {
  const auto in_pair = [](wire::Kvpair& pair) {
    if (pair.has_value() && pair.value().value_case() == 0) pair.clear_value();
  };
  if (model.has_hset() && model.hset().has_pair()) in_pair(*model.mutable_hset()->mutable_pair());
  if (model.has_hmset())
    for (auto& pair : *model.mutable_hmset()->mutable_pairs()) in_pair(pair);
}

TEST_F(CodecModel, RequestsAreReadAsProtobufReadsThem) {
  log_protobuf_errors();
  std::size_t good = 0, refused = 0, malformed = 0;
  for (int i = 0; i < 40'000; ++i) {
    auto bytes = encode_request(request());
    if (below(4) == 0) bytes += encode_request(request());  // the last one counts, or adds to it
    for (auto damages = below(4); damages > 0; --damages) damage(bytes);

    auto model = model_of(bytes);
    const auto decoded = decode(bytes);
    const bool no_message = !decoded && decoded.error().message.starts_with("not a CommandRequest");
    ASSERT_EQ(no_message, !model) << "message " << i << ": " << test::hex_dump(bytes);
    if (!model) {
      ++malformed;
    } else if (!decoded) {
      ++refused;  // no command, an empty key, ...: codec_test has these
    } else {
      ++good;
      remove_empty(*model);
      ASSERT_TRUE(test::same_bytes(model->SerializeAsString(), encode_request(*decoded)))
          << "message " << i << ": " << test::hex_dump(bytes);
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
    if (!model.ParseFromString(bytes)) continue;  // a text that is not UTF-8
    EXPECT_TRUE(test::same_bytes(model.SerializeAsString(), bytes)) << "response " << i;
    const auto received = decode_response(bytes);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->status, response.status);
    EXPECT_EQ(received->message, response.message);
    EXPECT_EQ(received->pairs.size(), response.pairs.size());
    EXPECT_EQ(received->values.size(), response.values.size());
  }
}

}  // namespace
}  // namespace kv
