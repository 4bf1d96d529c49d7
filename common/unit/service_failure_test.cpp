#include <gmock/gmock.h>

#include "base/limits.hpp"
#include "command/service.hpp"
#include "failing_storage.hpp"

namespace kv {
namespace {

using test::commands;
using test::FailingStorage;
using testing::IsEmpty;

TEST(ServiceOnAStorageThatFails, TellsWhyInEveryCommand) {
  constexpr auto no_room = static_cast<Status>(507);  // a number that only a disk will need
  for (const auto& error :
       {Error{Status::storage_failed, "the disk is gone"}, Error{no_room, "no room on the disk"}}) {
    FailingStorage storage{error};
    Service service{storage};
    auto requests = commands("t", "k");
    requests.push_back(Hgetall{"t"});
    requests.push_back(Hlen{"t"});
    for (const auto& request : requests) {
      const auto response = service.execute(request);
      EXPECT_EQ(response.status, error.status) << request.index();
      EXPECT_EQ(response.message, error.message) << request.index();
      EXPECT_THAT(response.values, IsEmpty()) << request.index();
      EXPECT_THAT(response.pairs, IsEmpty()) << request.index();
    }
  }
}

TEST(ServiceOnAStorageThatFails, StillAnswersPing) {
  FailingStorage storage{Error{Status::storage_failed, "the disk is gone"}};
  EXPECT_EQ(Service{storage}.execute(Ping{}).message, "PONG");
}

TEST(ServiceOnAStorageThatFails, RefusesWhatIsOverALimitWithoutAskingIt) {
  FailingStorage storage{Error{Status::storage_failed, "the disk is gone"}};
  Service service{storage};
  for (const auto& request : commands("t", std::string(name_bytes_max + 1, 'k'))) {
    EXPECT_EQ(service.execute(request).status, Status::too_large) << request.index();
  }
}

}  // namespace
}  // namespace kv
