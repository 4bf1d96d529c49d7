// The frames of who is not known yet.

#include <gtest/gtest.h>

#include "command/auth.hpp"
#include "fixtures/frame_client.hpp"
#include "running_server.hpp"

namespace kv::test {
namespace {

class AuthFrames : public testing::Test {
 protected:
  static constexpr std::size_t bytes_max = 16 * 1024;

  static HooksBuilder hooks() {
    HooksBuilder builder;
    add_auth(builder, "secret");
    return builder;
  }
  /// A PING whose message makes its frame so long.
  static std::string ping_of(std::size_t bytes) {
    const auto without = wire::ping(std::string(bytes - 100, 'x')).size() - (bytes - 100);
    return wire::ping(std::string(bytes - without, 'x'));
  }

  RunningServer server{hooks(), {.auth_token_file = "a file that was read at the start"}};
  FrameClient client{server.port()};
};

TEST_F(AuthFrames, MayBeAsLongAsTheirLimit) {
  const auto longest = ping_of(bytes_max);
  ASSERT_EQ(longest.size(), bytes_max);
  EXPECT_TRUE(client.refuses(longest, 401));
  EXPECT_TRUE(client.refuses(wire::ping(), 401)) << "the connection stays";
}

TEST_F(AuthFrames, OverTheirLimitEndTheConnection) {
  EXPECT_TRUE(client.refuses(ping_of(bytes_max + 1), 413));
  EXPECT_TRUE(client.closed_within(10s));
}

TEST_F(AuthFrames, MayBeLargeAfterTheTokenAlsoInOnePiece) {
  const auto large = ping_of(100'000);
  client.send_raw(wire::frame(wire::auth("secret")) + wire::frame(large));
  EXPECT_TRUE(client.receives(wire::ok()));
  EXPECT_EQ(client.receive_response().status, 200u);
}

TEST_F(AuthFrames, BehindTheThirdWrongTokenAreNotExecuted) {
  const auto wrong = wire::frame(wire::auth("wrong"));
  client.send_raw(wrong + wrong + wrong + wire::frame(wire::auth("secret")) +
                  wire::frame(wire::hset("t", "k", 1)));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.receives_error(401));
  EXPECT_TRUE(client.closed_within(10s));
  EXPECT_EQ(*server.storage().length("t"), 0u);
}

}  // namespace
}  // namespace kv::test
