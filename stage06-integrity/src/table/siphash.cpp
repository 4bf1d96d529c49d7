#include "table/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <random>

namespace kv {
namespace {

struct State {
  std::uint64_t a, b, c, d;

  void round() {
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  }
  void take(std::uint64_t word) {
    d ^= word;
    round();
    a ^= word;
  }
};

HashKey random_key() {
  std::random_device random;
  const auto word = [&random] { return std::uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

}  // namespace

std::uint64_t siphash(std::string_view text, const HashKey& key) {
  State state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
              key[1] ^ 0x7465646279746573};
  const std::uint64_t length = text.size();
  for (; text.size() >= sizeof length; text.remove_prefix(sizeof length)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    state.take(word);
  }
  std::uint64_t rest = 0;  // the bytes that fill no word
  for (std::size_t i = text.size(); i-- > 0;)
    rest = rest << 8 | static_cast<unsigned char>(text[i]);
  state.take(length << 56 | rest);
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

std::uint64_t seeded_hash(std::string_view text) {
  static const HashKey key = random_key();
  return siphash(text, key);
}

}  // namespace kv
