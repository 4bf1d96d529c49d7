// Memory that runs out at any moment of a connection, and for a session until its end: that may
// cost the connection, but not the server. And how much a connection holds.

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>

#include "base/limits.hpp"
#include "fixtures/resp_client.hpp"
#include "net/server.hpp"
#include "table/memtable.hpp"
#include "wire/codec.hpp"

namespace {

std::atomic<long> allocations_until_none = 0;  // the one that brings it to 0 fails
thread_local bool is_spared = false;           // the test's own thread
thread_local bool accepts = false;             // for it there is memory again
thread_local bool has_none = false;
std::atomic<std::size_t> bytes_held = 0;  // by all threads but the test's own

bool fails() {
  if (is_spared || has_none) return has_none;
  const bool now = allocations_until_none > 0 && --allocations_until_none == 0;
  has_none = now && !accepts;
  return now;
}

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = fails() ? nullptr : std::malloc(bytes);
  if (memory && !is_spared) bytes_held += ::malloc_usable_size(memory);
  return memory ? memory : throw std::bad_alloc{};
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept {
  if (!is_spared) bytes_held -= ::malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace kv::test {
namespace {

/// It serves until the program ends.
Server* start_server() {
  static MemTable storage{answer_limit()};
  static Service service{storage};
  static Server* const server = new Server{0, 100, service};
  std::thread{[] {
    accepts = true;
    server->run();
  }}.detach();
  return server;
}

std::uint16_t server_port() {
  static Server* const server = start_server();
  return server->endpoint().port();
}

TEST(ServerMemory, AnyAllocationThatFailsCostsAConnectionAtMost) {
  is_spared = true;
  const std::uint16_t port = server_port();
  long number = 0, left = 0;
  while (left <= 0) {  // else none has failed any more
    allocations_until_none = ++number;
    try {
      (void)RespClient{port}.command({"HSET", "t", "a key of some length", "v"});
    } catch (const std::runtime_error&) {  // it was this one
    }
    left = allocations_until_none.exchange(0);
    ASSERT_EQ(RespClient{port}.command({"PING"}), simple("PONG")) << "allocation " << number;
  }
  EXPECT_GT(number, 10) << "or nothing failed";
}

TEST(ServerMemory, OfALargeValueIsHeldByTheTableAlone) {
  is_spared = true;
  RespClient client{server_port()};
  ASSERT_EQ(client.command({"PING"}), simple("PONG"));
  const std::size_t before = bytes_held;
  const std::string value(value_bytes_max, 'v');
  EXPECT_EQ(client.command({"HSET", "t", "k", value}), integer(1));
  EXPECT_EQ(client.command({"HGET", "t", "k"}), bulk(value));
  EXPECT_EQ(client.command({"PING"}), simple("PONG"));  // so it is done with the answer before
  EXPECT_LT(bytes_held - before, value_bytes_max + 3 * kept_bytes_max)
      << "what was received or sent is still held";
}

}  // namespace
}  // namespace kv::test
