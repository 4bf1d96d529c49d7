// Memory that runs out on a thread of the store's own: it ends the log, as a disk that fails does.

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <new>

#include "open_store.hpp"

namespace {

/// An allocation that is larger fails, on this thread.
thread_local std::size_t bytes_max = std::numeric_limits<std::size_t>::max();

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = bytes > bytes_max ? nullptr : std::malloc(bytes);
  return memory ? memory : throw std::bad_alloc{};
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kv::test {
namespace {

class StoreMemory : public testing::Test {
 protected:
  /// Waits for the end of the log.
  static void expect_failure(OpenStore& store) {
    EXPECT_FALSE(store.wal().make_durable(store.wal().last_lsn() + 1));
    EXPECT_EQ(store.failures(), 1);
    EXPECT_FALSE(store.store().close());
  }

  const CapturedLog quiet_;
  SimulatedFolder folder_;
};

TEST_F(StoreMemory, ThatRunsOutForASnapshotEndsTheLog) {
  OpenStore store{folder_, 1};
  folder_.set_hook([](const SimulatedFolder::Operation& operation) {
    if (operation.name.starts_with("snapshot")) bytes_max = 10'000;  // too little for the row
    return false;
  });
  store.set_durably("large", std::string(20'000, 'x'));
  expect_failure(store);
  EXPECT_EQ(recover(folder_.after_kill()), store.contents());
}

TEST_F(StoreMemory, ThatRunsOutForTheFlusherEndsTheLog) {
  OpenStore store{folder_};
  const auto place = store.wal().listeners().add([&] {
    bytes_max = 0;  // of the flusher
    EXPECT_EQ(store.failures(), store.wal().failed() ? 1 : 0) << "to tell others may take memory";
  });
  store.set_durably("a", "1");
  const auto durable = store.contents();
  ASSERT_TRUE(store.memtable().set("t", {"b", "2"}));
  expect_failure(store);
  store.wal().listeners().remove(place);
  EXPECT_EQ(recover(folder_.after_kill()), durable);
}

}  // namespace
}  // namespace kv::test
