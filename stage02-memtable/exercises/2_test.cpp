#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>

#include "table/memtable.hpp"

// Readers do not wait for each other; writers wait for readers, and go before those that come
// later.
//
// A storage asks its AnswerLimit what an answer takes while it collects it, under the locks. So
// whoever is in that function stands in the middle of a read, and can be kept there.

namespace kv {
namespace {

using namespace std::chrono_literals;

/// Readers come in and stay until it is opened.
class Gate {
 public:
  void close() {
    const std::lock_guard lock{mutex_};
    is_open_ = false;
    inside_ = 0;
  }
  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }
  std::size_t pass() {
    std::unique_lock lock{mutex_};
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
    return 0;
  }
  /// False when so many have not come in within two seconds.
  bool holds(int readers) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 2s, [this, readers] { return inside_ >= readers; });
  }

 private:
  std::mutex mutex_;  // guards what is below
  std::condition_variable changed_;
  bool is_open_ = true;
  int inside_ = 0;
} gate;

struct Readers : testing::Test {
  MemTable storage{AnswerLimit{SIZE_MAX, [](const std::optional<Value>&) { return gate.pass(); },
                               [](const Entry&) { return gate.pass(); }}};

  Readers() {
    (void)storage.set("t", {"k", "v"});  // memory does not fail
    gate.close();
  }

  auto get_many() {
    return std::async(std::launch::async, [this] { return *storage.get_many("t", {"k"}); });
  }
  auto get_all() {
    return std::async(std::launch::async, [this] { return *storage.get_all("t"); });
  }
};

TEST_F(Readers, OfOneKeyReadSideBySide) {
  auto one = get_many();
  auto other = get_many();
  EXPECT_TRUE(gate.holds(2)) << "the second reader waits until the first has read";
  gate.open();
  EXPECT_EQ(one.get(), Values{"v"});
  EXPECT_EQ(other.get(), Values{"v"});
}

TEST_F(Readers, OfAWholeTableReadSideBySide) {
  auto one = get_all();
  auto other = get_all();
  auto third = get_many();
  EXPECT_TRUE(gate.holds(3)) << "a reader waits for another one";
  gate.open();
  EXPECT_EQ(one.get(), other.get());
  EXPECT_EQ(third.get(), Values{"v"});
}

TEST_F(Readers, AreWaitedForByAWriter) {
  auto reader = get_many();
  EXPECT_TRUE(gate.holds(1));
  auto writer = std::async(std::launch::async, [this] { return *storage.set("t", {"k", "w"}); });
  EXPECT_EQ(writer.wait_for(100ms), std::future_status::timeout) << "it wrote what was being read";
  gate.open();
  EXPECT_EQ(reader.get(), Values{"v"});
  EXPECT_EQ(writer.get(), Value{"v"});
  EXPECT_EQ(*storage.get("t", "k"), Value{"w"});
}

TEST_F(Readers, ThatComeLaterLetAWaitingWriterGoFirst) {
  auto reader = get_many();
  EXPECT_TRUE(gate.holds(1));
  auto writer = std::async(std::launch::async, [this] { return *storage.set("t", {"k", "w"}); });
  EXPECT_EQ(writer.wait_for(100ms), std::future_status::timeout);
  auto later = get_many();
  EXPECT_FALSE(gate.holds(2)) << "where readers always overlap, a writer's turn never comes";
  gate.open();
  EXPECT_EQ(reader.get(), Values{"v"});
  EXPECT_EQ(writer.get(), Value{"v"});
  EXPECT_EQ(later.get(), Values{"w"});
}

}  // namespace
}  // namespace kv
