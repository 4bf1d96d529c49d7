// What clients that mean harm leave in a data folder of stages 6 and 7.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures/frame_client.hpp"
#include "fixtures/process.hpp"
#include "fixtures/server_process.hpp"
#include "fixtures/temp_folder.hpp"
#include "fixtures/wire.hpp"

namespace kv::test {
namespace {

class DataFolderHostile : public testing::Test {
 protected:
  TempFolder folder_;
  const std::string data_ = (folder_.path() / "data").string();
  ServerProcess server_{{"--data-dir", data_, "--log-level", "trace"}};
};

TEST_F(DataFolderHostile, AChangeThatWasRefusedIsNotThereAfterAKillEither) {
  const std::string big(1 << 20, 'b');
  const std::vector<std::string> keys{"a", "b", "c", "d"};
  std::vector<wire::Pair> pairs{{"new", 1}};
  FrameClient client{server_.port()};
  for (const std::string& key : keys) {
    pairs.push_back({key, "changed"});
    ASSERT_TRUE(client.answers(wire::hset("t", key, big), wire::ok({std::nullopt})));
  }
  EXPECT_TRUE(client.refuses(wire::hmset("t", pairs), 413)) << "four previous values of 1 MiB";
  EXPECT_TRUE(client.refuses(wire::hmdel("t", keys), 413));
  for (const bool killed : {false, true}) {
    if (killed) {
      server_.kill_9();
      server_.start_again();
    }
    FrameClient reader{server_.port()};
    EXPECT_TRUE(reader.answers(wire::hlen("t"), wire::ok({4})));
    for (const std::string& key : keys) {
      EXPECT_TRUE(reader.answers(wire::hget("t", key), wire::ok({big})));
    }
  }
}

TEST_F(DataFolderHostile, NoKeyIsShownAsItIs) {
  const std::string evil = "evil\n2026-01-01 00:00:00.000 info forged\x1b[31m\r\x07";
  const auto expect_clean = [](const std::string& text) {
    EXPECT_EQ(text.find("\n2026-01-01"), std::string::npos) << text;
    EXPECT_EQ(text.find_first_of("\x1b\r\x07"), std::string::npos) << text;
  };
  FrameClient client{server_.port()};
  ASSERT_EQ(client.ask(wire::hset(evil, evil, evil)).status, 200u);
  ASSERT_EQ(client.ask(wire::hmset(evil, {{evil + "2", evil}})).status, 200u);
  ASSERT_EQ(client.ask(wire::hdel(evil, evil)).status, 200u);
  server_.kill_9();
  expect_clean(server_.log());
  const Finished records = run({inspect_program(), data_, "--records"});
  EXPECT_EQ(records.status, 0);
  EXPECT_NE(records.out.find("forged"), std::string::npos) << "in some form it should be there";
  expect_clean(records.out + records.err);
  server_.start_again();
  EXPECT_TRUE(FrameClient{server_.port()}.answers(wire::hlen(evil), wire::ok({1})));
  expect_clean(server_.log());
}

}  // namespace
}  // namespace kv::test
