// Memory that runs out once, at any moment of a server's life: that may cost a connection, but not
// what accepts connections, nor what ends those that are silent.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "fixtures/frame_client.hpp"
#include "running_server.hpp"

namespace {

std::atomic<long> allocations_until_none = 0;  // the one that brings it to 0 fails
thread_local bool is_spared = false;           // the test's own thread

bool fails() { return !is_spared && allocations_until_none > 0 && --allocations_until_none == 0; }

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = fails() ? nullptr : std::malloc(bytes);
  return memory ? memory : throw std::bad_alloc{};
}
// Asio's own: coroutines, and what waits.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  void* memory = nullptr;
  return fails() || ::posix_memalign(&memory, alignment, bytes) != 0 ? nullptr : memory;
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kv::test {
namespace {

using namespace std::chrono_literals;

/// A server in which the allocation of this number fails serves clients, closes those that are
/// silent, and ends when it is told to.
void expect_service(long number) {
  allocations_until_none = number;
  RunningServer server{HooksBuilder{}, Options{.threads = 1, .idle_timeout = 20ms}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(served_within(server.port(), 10s)) << "allocation " << number;
    FrameClient silent{server.port()};
    ASSERT_TRUE(silent.closed_within(10s)) << "allocation " << number;
  }
}

TEST(OutOfMemory, WhatMustNeverEndGoesOnAfterAnyAllocationThatFails) {
  is_spared = true;
  long number = 0;
  do {
    expect_service(++number);
  } while (allocations_until_none == 0 && !HasFatalFailure());  // else there was none any more
  allocations_until_none = 0;
  EXPECT_GT(number, 10) << "or nothing failed";
}

}  // namespace
}  // namespace kv::test
