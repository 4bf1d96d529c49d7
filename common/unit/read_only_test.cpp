#include "command/read_only.hpp"

#include <gmock/gmock.h>

namespace kv {
namespace {

std::optional<Response> ask(const Request& request) {
  HooksBuilder hooks;
  add_read_only(hooks);
  Connection connection;
  Exchange exchange{connection};
  return hooks.build()->received(exchange, request);
}

TEST(ReadOnly, RefusesWhatWrites) {
  const Request writes[] = {Hset{"t", {"k", "v"}}, Hmset{"t", {{"k", "v"}}}, Hdel{"t", "k"},
                            Hmdel{"t", {"k"}}};
  for (const auto& request : writes) {
    const auto response = ask(request);
    ASSERT_TRUE(response) << name_of(request);
    EXPECT_EQ(response->status, Status::forbidden) << name_of(request);
    EXPECT_NE(response->message, "") << name_of(request);
  }
}

TEST(ReadOnly, LetsEverythingElsePass) {
  const Request others[] = {Ping{},           Hget{"t", "k"},
                            Hgetall{"t"},     Hmget{"t", {"k"}},
                            Hexist{"t", "k"}, Hmexist{"t", {"k"}},
                            Hlen{"t"},        Auth{"token"},
                            Watch{"t"},       Info{}};
  for (const auto& request : others) EXPECT_FALSE(ask(request)) << name_of(request);
}

TEST(Command, HasTheNameThatTheProtocolGivesIt) {
  const std::pair<Request, const char*> commands[] = {
      {Ping{}, "PING"},     {Hget{}, "HGET"},       {Hgetall{}, "HGETALL"}, {Hmget{}, "HMGET"},
      {Hset{}, "HSET"},     {Hmset{}, "HMSET"},     {Hdel{}, "HDEL"},       {Hmdel{}, "HMDEL"},
      {Hexist{}, "HEXIST"}, {Hmexist{}, "HMEXIST"}, {Hlen{}, "HLEN"},       {Auth{}, "AUTH"},
      {Watch{}, "WATCH"},   {Info{}, "INFO"}};
  for (const auto& [request, name] : commands) EXPECT_STREQ(name_of(request), name);
}

}  // namespace
}  // namespace kv
