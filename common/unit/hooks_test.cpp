#include "command/hooks.hpp"

#include <gmock/gmock.h>

#include "notes.hpp"

namespace kv::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Hooks, AreCalledInTheOrderOfTheirRegistration) {
  Notes notes;
  HooksBuilder builder;
  for (const char* name : {"first ", "second ", "third "}) add_notes(builder, notes, name);
  const auto hooks = builder.build();
  Connection connection;
  Exchange exchange{connection};
  Response response;

  EXPECT_FALSE(hooks->received(exchange, Ping{}));
  EXPECT_THAT(notes.all(),
              ElementsAre("first received PING", "second received PING", "third received PING"));
  hooks->executed(exchange, Ping{}, response);
  hooks->before_send(exchange, response);
  hooks->after_send(exchange);
  EXPECT_THAT(
      notes.all(),
      ElementsAre("first received PING", "second received PING", "third received PING",
                  "first executed PING 200", "second executed PING 200", "third executed PING 200",
                  "first before_send 200", "second before_send 200", "third before_send 200",
                  "first after_send", "second after_send", "third after_send"));
}

TEST(Hooks, TheFirstOneThatAnswersIsTheLastOneAsked) {
  Notes notes;
  HooksBuilder builder;
  add_notes(builder, notes, "first ");
  add_refusal(builder, "PING", "the first answer");
  add_refusal(builder, "PING", "the second answer");
  add_notes(builder, notes, "last ");
  Connection connection;
  Exchange exchange{connection};
  const auto answer = builder.build()->received(exchange, Ping{});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message, "the first answer");
  EXPECT_THAT(notes.all(), ElementsAre("first received PING"));
}

TEST(Hooks, EachBeforeSendSeesWhatTheOneBeforeItMadeOfTheResponse) {
  HooksBuilder builder;
  for (const char* letter : {"a", "b", "c"}) {
    builder.on_before_send([letter](Exchange&, Response& response) { response.message += letter; });
  }
  Connection connection;
  Exchange exchange{connection};
  Response response;
  builder.build()->before_send(exchange, response);
  EXPECT_EQ(response.message, "abc");
}

TEST(Hooks, OfNobodyLetEverythingPass) {
  const auto hooks = HooksBuilder{}.build();
  Connection connection;
  Exchange exchange{connection};
  Response response{.message = "as it was"};
  EXPECT_FALSE(hooks->received(exchange, Ping{}));
  hooks->executed(exchange, Ping{}, response);
  hooks->before_send(exchange, response);
  hooks->after_send(exchange);
  EXPECT_EQ(response.message, "as it was");
}

TEST(Hooks, AreFrozenWhenTheyAreBuilt) {
  Notes notes;
  HooksBuilder builder;
  const auto before = builder.build();
  add_notes(builder, notes);
  Connection connection;
  Exchange exchange{connection};
  EXPECT_FALSE(before->received(exchange, Ping{}));
  EXPECT_THAT(notes.all(), IsEmpty());
  EXPECT_FALSE(builder.build()->received(exchange, Ping{}));
  EXPECT_THAT(notes.all(), ElementsAre("received PING"));
}

}  // namespace
}  // namespace kv::test
