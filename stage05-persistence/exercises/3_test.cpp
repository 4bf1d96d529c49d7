// Exercise 3: damage in the last group is known, though nothing was written behind it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fatal_error.hpp"
#include "disk/snapshot.hpp"
#include "fixtures/seed.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

using Kind = SimulatedFolder::Kind;
using Operation = SimulatedFolder::Operation;

class Proof : public testing::Test {
 protected:
  static bool is_refused(const SimulatedFolder& folder) {
    try {
      (void)look(folder);
      return false;
    } catch (const FatalError& error) {
      EXPECT_EQ(error.exit_status(), static_cast<int>(Exit::damaged)) << error.what();
      return true;
    }
  }

  /// What a kill leaves, and one bit of this text in the log is another then.
  static SimulatedFolder with_damage(const SimulatedFolder& folder, const std::string& text) {
    auto left = folder.after_kill();
    for (auto [name, bytes] : left.files()) {
      const auto at = bytes.rfind(text);
      if (!name.starts_with("log-") || at == std::string::npos) continue;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      left.put(name, bytes);
    }
    return left;
  }

  /// The proof may come a moment after the answer.
  static bool is_refused_soon(const SimulatedFolder& folder, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!is_refused(with_damage(folder, text))) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  static std::string value(std::size_t number) {  // from short to longer than a sector
    return std::to_string(number) + ":" + std::string(number * 97 % 700, 'v');
  }

  static Contents contents(std::size_t number) {
    return number == 0 ? Contents{} : Contents{{"t", {{"k", text_of(value(number))}}}};
  }

  const CapturedLog quiet_;
  const std::uint32_t seed_ = random_seed();
  SimulatedFolder folder_;
};

TEST_F(Proof, IsThereSoonAfterTheAnswer) {
  OpenStore store{folder_};
  for (const char* text : {"the first one", "the second one", "the third one"}) {
    store.set_durably("k", text);
    EXPECT_TRUE(is_refused_soon(folder_, text)) << text;
    EXPECT_EQ(look(folder_.after_kill()), store.contents());
  }
}

TEST_F(Proof, IsThereInTheNextLogAndInTheNextLife) {
  {
    OpenStore store{folder_};
    store.set_durably("k", "the first one");
    ASSERT_TRUE(write_snapshot(folder_, store.memtable(), store.wal()));
    store.set_durably("k", "the second one");
    EXPECT_TRUE(is_refused_soon(folder_, "the second one"));
  }
  OpenStore store{folder_};
  store.set_durably("k", "the third one");
  EXPECT_TRUE(is_refused_soon(folder_, "the third one"));
}

TEST_F(Proof, CostsNoSecondSync) {
  std::atomic<int> syncs = 0;
  OpenStore store{folder_};
  folder_.set_hook([&](const Operation& operation) {
    syncs += operation.kind == Kind::sync_file || operation.kind == Kind::sync_folder;
    return false;
  });
  for (std::size_t i = 1; i <= 50; ++i) store.set_durably("k", value(i));
  store.set_durably("k", "the last one");
  EXPECT_TRUE(is_refused_soon(folder_, "the last one"));
  folder_.set_hook(nullptr);
  EXPECT_LE(syncs, 51);
}

TEST_F(Proof, IsNeverOfMoreThanThereIs) {
  constexpr std::size_t commands = 60, outcomes = 30;
  struct Left {
    std::size_t from, to;
    SimulatedFolder folder;
  };
  std::vector<Left> left;
  std::atomic<std::size_t> acknowledged = 0, begun = 0;
  std::mutex mutex;  // guards left
  folder_.set_hook([&](const Operation& operation) {
    const auto from = acknowledged.load();
    std::vector<SimulatedFolder> folders{folder_.after_kill()};
    for (std::uint32_t i = 0; i < outcomes; ++i) {
      const auto number = static_cast<std::uint32_t>(operation.number * outcomes) + i;
      folders.push_back(folder_.after_power_loss(seed_ + number));
    }
    const std::lock_guard lock{mutex};
    for (const auto& folder : folders) left.push_back({from, begun.load(), folder});
    return false;
  });
  {
    OpenStore store{folder_, 8000};
    for (std::size_t i = 1; i <= commands; ++i) {
      begun = i;
      store.set_durably("k", value(i));
      acknowledged = i;
    }
    ASSERT_TRUE(store.store().close());
  }
  folder_.set_hook(nullptr);
  for (const auto& [from, to, folder] : left) {
    try {
      const auto found = look(folder);
      bool is_one_of_them = false;
      for (auto number = from; number <= to; ++number)
        is_one_of_them = is_one_of_them || found == contents(number);
      ASSERT_TRUE(is_one_of_them) << testing::PrintToString(found) << ", after " << from;
    } catch (const FatalError& error) {
      FAIL() << "after " << from << " a crash is taken for damage: " << error.what();
    }
  }
}

TEST_F(Proof, IsNoneOfAGroupWhoseSyncHasFailed) {
  OpenStore store{folder_};
  store.set_durably("k", value(1));
  folder_.set_hook(fail_next(Kind::sync_file, "log-"));
  ASSERT_TRUE(store.memtable().set("t", {"k", value(2)}));
  EXPECT_FALSE(store.wal().make_durable(2));
  folder_.set_hook(nullptr);
  for (std::uint32_t seed = 0; seed < 50; ++seed)
    ASSERT_FALSE(is_refused(folder_.after_power_loss(seed))) << "with seed " << seed;
}

/// A start cuts off what was torn, and gives its LSN again.
TEST_F(Proof, IsOfTheLogThatIsThereNow) {
  std::size_t last = 0;
  for (std::uint32_t life = 0; life < 100 && !HasFailure(); ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    try {
      OpenStore store{folder_};
      ASSERT_TRUE(store.contents() == contents(last) || store.contents() == contents(last + 1));
      last = store.contents() == contents(last) ? last : last + 1;
      for (int i = 0; i < 3; ++i) store.set_durably("k", value(++last));
      Gate gate;
      folder_.set_hook(gate.hook(Kind::sync_file, "log-"));
      ASSERT_TRUE(store.memtable().set("t", {"k", value(last + 1)}));
      store.wal().flush_soon();
      gate.wait_for_somebody();
      auto left = folder_.after_power_loss(seed_ + life);
      folder_.set_hook(nullptr);
      gate.open();
      (void)store.wal().make_durable(store.wal().last_lsn());
      folder_ = left;
    } catch (const FatalError& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

}  // namespace
}  // namespace kv::test
