#include "table/siphash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kv {
namespace {

/// The bytes 0, 1, 2, ...: the texts that the reference implementation is tested with.
std::string counting(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHash, GivesWhatTheReferenceGives) {
  const HashKey zero{};
  EXPECT_EQ(siphash(counting(1), zero), 0x68a914128e01e473);
  EXPECT_EQ(siphash(counting(7), zero), 0x2f098ab0c751325a);
  EXPECT_EQ(siphash(counting(8), zero), 0xead411e67ebe2eea);
  EXPECT_EQ(siphash(counting(9), zero), 0x75927f9d95124362);
  EXPECT_EQ(siphash(counting(16), zero), 0x8972188433a5c5b7);
  EXPECT_EQ(siphash(counting(63), zero), 0x385d3e39e5f37359);
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(siphash(counting(0), key), 0xabac0158050fc4dc);
  EXPECT_EQ(siphash(counting(1), key), 0xc9f49bf37d57ca93);
  EXPECT_EQ(siphash(counting(2), key), 0x82cb9b024dc7d44d);
  EXPECT_EQ(siphash(counting(3), key), 0x8bf80ab8e7ddf7fb);
}

TEST(SipHash, BytesAboveAsciiAreNoSigns) {
  EXPECT_NE(siphash("\x80", {}), siphash("\xff", {}));
  EXPECT_NE(siphash("\xff", {}), siphash("\xff\xff", {}));
}

TEST(SipHash, IsSeededOnceAProcess) {
  EXPECT_EQ(seeded_hash("key"), seeded_hash("key"));
  EXPECT_NE(seeded_hash("key"), siphash("key", {})) << "no key was drawn";
}

}  // namespace
}  // namespace kv
