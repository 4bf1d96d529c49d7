// Twenty thousand frames of rubbish: random bytes, and good requests cut, stretched and with bytes
// changed. Each is one frame, so each gets one answer, in step, and the server lives.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "fixtures/figure.hpp"
#include "fixtures/frame_client.hpp"
#include "fixtures/hex_dump.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

class Garbage {
 public:
  std::string random_bytes() {
    std::string bytes(below(40), '\0');
    for (char& byte : bytes) byte = random_byte();
    return bytes;
  }

  std::string damaged_request() {
    static const std::vector<std::string> requests{
        wire::hget("table", "key"),
        wire::hmget("table", {"a", "b", "c"}),
        wire::hset("table", "key", "value"),
        wire::hset("table", "key", 1.5),
        wire::hmset("table", {{"a", 1}, {"b", wire::Binary{"\xff"}}, {"c", true}}),
        wire::hmdel("table", {"a", "b"}),
        wire::hgetall("table"),
        wire::ping("message"),
    };
    std::string bytes = requests[below(requests.size())];
    switch (below(4)) {
      case 0: bytes.resize(below(bytes.size())); break;
      case 1: bytes.insert(below(bytes.size()), 1 + below(3), random_byte()); break;
      default:
        for (std::size_t i = 0; i <= below(3); ++i) bytes[below(bytes.size())] = random_byte();
    }
    // A change of a tag can make these, by which the connection would become another one.
    const bool watch = bytes.starts_with("\x92\x01");
    const bool auth = bytes.starts_with("\x8a\x01");
    return watch || auth ? wire::ping() : bytes;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  char random_byte() { return static_cast<char>(below(256)); }

  std::mt19937 random_{random_seed()};
};

TEST(FrameGarbage, EachFrameGetsOneAnswerAndTheServerLives) {
  constexpr std::size_t kMalformed = 20'000, kFramesARound = 1'000;
  Garbage garbage;
  ServerProcess server;
  FrameClient client{server.port()};
  std::size_t refused = 0, round = 0;
  for (; refused < kMalformed; ++round) {
    ASSERT_LT(round, 100u) << "most of it should be rubbish";
    std::vector<std::string> frames;
    while (frames.size() < kFramesARound) {
      frames.push_back(round % 4 == 0 ? garbage.random_bytes() : garbage.damaged_request());
    }
    const std::string mark = "round " + std::to_string(round);
    frames.push_back(wire::ping(mark));
    const auto answers = client.ask_all(frames);
    ASSERT_EQ(answers.back(), (wire::Response{200, mark})) << "the answers are out of step";
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto status = answers[i].status;
      ASSERT_TRUE(status == 200 || status == 400 || status == 404) << answers[i] << "\n"
                                                                   << hex_dump(frames[i]);
      refused += status == 400;
    }
  }
  figure("frames", kFramesARound * round);
  figure("refused", refused);
  EXPECT_TRUE(client.answers(wire::hset("after", "k", 1), wire::ok({std::nullopt})));
}

}  // namespace
}  // namespace kv::test
