// The hand-made encoder and decoder against bytes that protoc --encode made from the same schema,
// so that the witness of the protocol tests has a witness of its own.

#include "fixtures/wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>

#include "fixtures/hex_dump.hpp"

namespace kv::test {
namespace {

using wire::Binary;
using wire::Pair;
using wire::Response;

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

TEST(Wire, RequestsAreTheBytesOfTheReference) {
  const auto same = [](std::string_view golden, const std::string& request) {
    return same_bytes(unhex(golden), request);
  };
  EXPECT_TRUE(same("0a060a017412016b", wire::hget("t", "k")));
  EXPECT_TRUE(same("12030a0174", wire::hgetall("t")));
  EXPECT_TRUE(same("1a090a0174120161120162", wire::hmget("t", {"a", "b"})));
  EXPECT_TRUE(same("220d0a017412080a016b12030a0176", wire::hset("t", "k", "v")));
  EXPECT_TRUE(same("22150a017412100a016b120b18ffffffffffffffffff01", wire::hset("t", "k", -1)));
  EXPECT_TRUE(same("22080a017412030a016b", wire::hset("t", "k", {})));
  EXPECT_TRUE(same("2a160a017412080a0161120318ac0212070a016212022800",
                   wire::hmset("t", {{"a", 300}, {"b", false}})));
  EXPECT_TRUE(same("32060a017412016b", wire::hdel("t", "k")));
  EXPECT_TRUE(same("3a090a0174120161120162", wire::hmdel("t", {"a", "b"})));
  EXPECT_TRUE(same("42060a017412016b", wire::hexist("t", "k")));
  EXPECT_TRUE(same("4a060a0174120161", wire::hmexist("t", {"a"})));
  EXPECT_TRUE(same("820100", wire::ping()));
  EXPECT_TRUE(same("8201040a026869", wire::ping("hi")));
  EXPECT_TRUE(same("8a01030a0173", wire::auth("s")));
  EXPECT_TRUE(same("9201030a0174", wire::watch("t")));
  EXPECT_TRUE(same("9a01030a0174", wire::hlen("t")));
  EXPECT_TRUE(same("a20100", wire::info()));
}

struct Golden {
  std::string_view bytes;
  Response response;
};

std::vector<Golden> golden_responses() {
  return {
      {"08c8011a030a01761a001a031201ff1a0b18808080808080808080011a092100000000000000801a022801",
       wire::ok({"v", {}, Binary{"\xff"}, std::numeric_limits<std::int64_t>::min(), -0.0, true})},
      {"08940312026e6f", {404, "no"}},
      {"08c801220e0a016b120921000000000000f83f", wire::ok_pairs({{"k", 1.5}})},
      {"08c80122030a0172", wire::ok_pairs({{"r", {}}})},
      {"08c801", wire::ok()},
  };
}

TEST(Wire, ResponsesAreTheBytesOfTheReference) {
  for (const auto& [bytes, response] : golden_responses()) {
    EXPECT_TRUE(same_bytes(unhex(bytes), wire::encode(response)));
  }
}

TEST(Wire, DecodesTheBytesOfTheReference) {
  for (const auto& [bytes, response] : golden_responses()) {
    EXPECT_EQ(wire::decode_response(unhex(bytes)), response);
  }
  // An absent value and an empty one say the same.
  EXPECT_EQ(wire::decode_response(unhex("08c80122050a01721200")), wire::ok_pairs({{"r", {}}}));
}

TEST(Wire, FrameIsALengthInBigEndianAndTheMessage) {
  EXPECT_TRUE(same_bytes(std::string("\0\0\0\x03", 4) + "abc", wire::frame("abc")));
  EXPECT_TRUE(
      same_bytes("\x01\x02\x03\x04", wire::frame(std::string(0x01020304, 'x')).substr(0, 4)));
}

TEST(Wire, PiecesAreTheBytesOfTheProtocol) {
  EXPECT_TRUE(same_bytes(std::string(1, '\0'), wire::varint(0)));
  EXPECT_TRUE(same_bytes("\x7f", wire::varint(127)));
  EXPECT_TRUE(same_bytes("\x80\x01", wire::varint(128)));
  EXPECT_TRUE(same_bytes(std::string(9, '\xff') + "\x01", wire::varint(~0ULL)));
  EXPECT_TRUE(same_bytes(unhex("09efcdab8967452301"), wire::fixed64_field(1, 0x0123456789abcdef)));
  EXPECT_TRUE(same_bytes(unhex("15ddccbbaa"), wire::fixed32_field(2, 0xaabbccdd)));
}

TEST(Wire, ValuesAreEqualByKindAndBits) {
  const auto nan = [](std::uint64_t payload) {
    return wire::Value{std::bit_cast<double>(0x7ff8000000000000 | payload)};
  };
  EXPECT_EQ(nan(1), nan(1));
  EXPECT_FALSE(nan(1) == nan(2));
  EXPECT_FALSE(wire::Value{0.0} == wire::Value{-0.0});
  EXPECT_FALSE(wire::Value{"a"} == wire::Value{Binary{"a"}});
  EXPECT_FALSE(wire::Value{1} == wire::Value{true});
  EXPECT_FALSE(wire::Value{1} == wire::Value{1.0});
}

TEST(Wire, DecodesNothingThatIsNotAResponse) {
  for (const char* wrong : {
           "",                                    // no status
           "08",                                  // cut in a varint
           "0800",                                // status 0
           "08c8011a030a01",                      // cut in a Value
           "08c8011205",                          // length beyond the end
           "08c80108c801",                        // status twice
           "08c801120161120161",                  // message twice
           "08c8011a0012016f",                    // out of order
           "08c8012800",                          // an unknown field
           "08c80112017c00",                      // field number 0
           "0ac801",                              // status of another type
           "08c8011201ff",                        // message is not UTF-8
           "08c801120380afbf",                    // the same
           "08c8011a060a01760a0176",              // two members
           "08c8011a022802",                      // a bool of 2
           "08c8011a023001",                      // Value's field 6
           "08c8011a03120180ff",                  // bytes after the end
           "08c80122060a016b0a016b",              // a key twice
           "08c8012205120018010a",                // Kvpair's field 3
           "08ffffffffffffffffff02",              // a varint of 65 bits
           "08c8011a0c18ffffffffffffffffffff01",  // and of 11 bytes
       }) {
    EXPECT_THROW(wire::decode_response(unhex(wrong)), std::runtime_error) << wrong;
  }
}

TEST(Wire, AcceptsEveryUtf8AndNothingElse) {
  const auto decodes = [](const std::string& text) {
    try {
      return wire::decode_response(wire::encode(Response{200, text})).message == text;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(decodes(good)) << escaped(good);
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xc2", "\xe2\x82", "\xc2\x41"}) {
    EXPECT_FALSE(decodes(bad)) << escaped(bad);
  }
}

TEST(Wire, PrintsWhatATestNeedsToSee) {
  EXPECT_EQ(testing::PrintToString(Response{404, "no"}), "status 404, message \"no\"");
  EXPECT_EQ(testing::PrintToString(wire::ok({"a\n", {}, 7, true, Binary{"\x01"}})),
            "status 200, values \"a\\x0a\", (nil), 7, true, binary \"\\x01\"");
  EXPECT_EQ(testing::PrintToString(wire::ok_pairs({{"k", "v"}, {"r", {}}})),
            "status 200, pairs \"k\" -> \"v\", \"r\" -> (nil)");
  EXPECT_THAT(testing::PrintToString(wire::ok({std::string(5'000, 'x')})),
              testing::HasSubstr("... (5000 bytes)"));
}

}  // namespace
}  // namespace kv::test
