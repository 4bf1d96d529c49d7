// Commands of stage 2 by hiredis, the C library that most clients in C and C++ are made of (Debian:
// libhiredis-dev). Argument: the server's port. Ends with status 1 and a line at the first reply
// that is not as it should be.

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct Free {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "this does not hold: " << what << '\n';
  std::exit(1);
}

Context connect(int port) {
  Context context{redisConnectWithTimeout("127.0.0.1", port, {10, 0})};
  expect(context && !context->err, "a connection");
  redisSetTimeout(context.get(), {10, 0});
  return context;
}

template <class... Arguments>
Reply ask(const Context& context, const char* format, Arguments... arguments) {
  Reply reply{static_cast<redisReply*>(redisCommand(context.get(), format, arguments...))};
  expect(reply != nullptr, format);
  return reply;
}

Reply receive(const Context& context) {
  void* reply = nullptr;
  expect(redisGetReply(context.get(), &reply) == REDIS_OK, "a reply to what was pipelined");
  return Reply{static_cast<redisReply*>(reply)};
}

std::string_view text(const Reply& reply) { return {reply->str, reply->len}; }

bool is_status(const Reply& reply, std::string_view expected) {
  return reply->type == REDIS_REPLY_STATUS && text(reply) == expected;
}
bool is_string(const Reply& reply, std::string_view expected) {
  return reply->type == REDIS_REPLY_STRING && text(reply) == expected;
}
bool is_integer(const Reply& reply, long long expected) {
  return reply->type == REDIS_REPLY_INTEGER && reply->integer == expected;
}

void about_data(const Context& context) {
  const std::string any{"\0\r\n$1\r\n\xff", 8};
  expect(is_integer(ask(context, "HSET t k v l %s", "two words"), 2), "HSET counts new keys");
  expect(is_integer(ask(context, "HSET t k w"), 0), "HSET replaces");
  expect(is_string(ask(context, "HGET t l"), "two words"), "HGET");
  expect(ask(context, "HGET t absent")->type == REDIS_REPLY_NIL, "HGET of an absent key is nil");
  expect(is_status(ask(context, "HMSET t %b %b", any.data(), any.size(), any.data(), any.size()),
                   "OK"),
         "HMSET of any bytes");
  expect(is_string(ask(context, "HGET t %b", any.data(), any.size()), any), "HGET of any bytes");
  const auto values = ask(context, "HMGET t k absent l");
  expect(values->type == REDIS_REPLY_ARRAY && values->elements == 3 &&
             values->element[1]->type == REDIS_REPLY_NIL,
         "HMGET");
  expect(ask(context, "HGETALL t")->elements == 6, "HGETALL");
  expect(is_integer(ask(context, "HEXISTS t k"), 1), "HEXISTS");
  expect(is_integer(ask(context, "HDEL t k absent"), 1), "HDEL");
  expect(is_integer(ask(context, "HLEN t"), 2), "HLEN");
  expect(ask(context, "LPUSH t v")->type == REDIS_REPLY_ERROR, "an unknown command is an error");
}

void pipelined(const Context& context) {
  constexpr int requests = 1'000;
  for (int i = 0; i < requests; ++i) redisAppendCommand(context.get(), "HSET many %d %d", i, 2 * i);
  for (int i = 0; i < requests; ++i) redisAppendCommand(context.get(), "HGET many %d", i);
  for (int i = 0; i < requests; ++i) expect(is_integer(receive(context), 1), "a pipelined HSET");
  for (int i = 0; i < requests; ++i)
    expect(is_string(receive(context), std::to_string(2 * i)), "a pipelined HGET");
}

void about_the_connection(const Context& context) {
  expect(is_status(ask(context, "PING"), "PONG"), "PING");
  expect(is_string(ask(context, "ECHO %s", "hello"), "hello"), "ECHO");
  expect(is_status(ask(context, "SELECT 0"), "OK"), "SELECT 0");
  expect(ask(context, "HELLO 2")->elements == 14, "HELLO 2");
  expect(text(ask(context, "HELLO 3")).starts_with("NOPROTO"), "HELLO 3 is refused");
  expect(is_status(ask(context, "CLIENT SETINFO lib-name hiredis"), "OK"), "CLIENT SETINFO");
  expect(text(ask(context, "INFO")).find("loading:0") != std::string_view::npos, "INFO");
  expect(is_status(ask(context, "QUIT"), "OK"), "QUIT");
  expect(redisCommand(context.get(), "PING") == nullptr && context->err == REDIS_ERR_EOF,
         "QUIT closes");
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 2, "one argument, a port");
  const auto context = connect(std::atoi(argv[1]));
  about_data(context);
  pipelined(context);
  about_the_connection(context);
}
