// Eight clients on a few keys: what they were told must have an order in which one store, doing one
// command at a time, would have told the same; also when the server was killed in between
// (stages 6 and 7). The checker must find what is put into such a history by hand.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fixtures/linearizable.hpp"
#include "fixtures/recorder.hpp"
#include "fixtures/seed.hpp"
#include "fixtures/server_process.hpp"

namespace kv::test {
namespace {

using History = std::vector<Operation>;
using Kind = Operation::Kind;

constexpr int clients = 8;
constexpr int operations = 12'000;

class Linearizability : public testing::Test {
 protected:
  Linearizability() {
    for (int i = 0; i < clients; ++i) recorders_.emplace_back(seed_, i, ticks_);
  }

  /// All clients at once, each so many operations.
  void run(std::uint16_t port, int operations_each) {
    std::vector<std::jthread> threads;
    for (Recorder& recorder : recorders_) {
      threads.emplace_back([&recorder, port, operations_each] {
        EXPECT_TRUE(recorder.run(port, operations_each)) << "the server has closed";
      });
    }
  }

  /// All clients at once, until the server is killed under them.
  void run_and_kill(ServerProcess& server, std::uint64_t operations_more) {
    const auto enough = ticks_.alarm(2 * operations_more);  // a call and an answer each
    std::vector<std::jthread> threads;
    for (Recorder& recorder : recorders_) {
      threads.emplace_back([&recorder, port = server.port()] {
        EXPECT_FALSE(recorder.run(port, operations)) << "the server was not killed";
      });
    }
    EXPECT_EQ(enough.wait_for(60s), std::future_status::ready);
    server.kill_9();
  }

  History history() const {
    History all;
    for (const Recorder& recorder : recorders_) {
      all.insert(all.end(), recorder.history().begin(), recorder.history().end());
    }
    return all;
  }

  void expect_linearizable(const History& history) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(linearizable(history));
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    const auto unanswered = std::ranges::count_if(history, std::not_fn(&Operation::answered));
    std::cout << history.size() << " operations, " << unanswered
              << " of them without an answer, checked in " << time.count() << " ms\n";
    RecordProperty("operations", std::to_string(history.size()));
    RecordProperty("milliseconds", std::to_string(time.count()));
  }

  const std::uint32_t seed_ = random_seed();

 private:
  Ticks ticks_;
  std::vector<Recorder> recorders_;
};

TEST_F(Linearizability, TwelveThousandConcurrentOperationsHaveAnOrder) {
  ServerProcess server;
  run(server.port(), operations / clients);
  EXPECT_EQ(history().size(), std::size_t{operations});
  expect_linearizable(history());
}

/// A real history, in which something is changed that cannot have been.
class LinearizabilityMutants : public Linearizability {
 protected:
  static constexpr int mutants = 10;  // of each kind

  LinearizabilityMutants() {
    ServerProcess server;
    run(server.port(), operations / clients);
    history_ = history();
    std::shuffle(history_.begin(), history_.end(), random_);
    EXPECT_TRUE(linearizable(history_));
  }

  /// In the first half, so that the key's history goes on after it.
  static bool is_early(const Operation& operation) { return operation.returned < operations; }

  Operation& one_of(const std::function<bool(const Operation&)>& is_wanted) {
    const auto found = std::ranges::find_if(history_, is_wanted);
    if (found == history_.end()) throw std::runtime_error{"no operation to change"};
    return *found;
  }

  /// Runs `change` on so many copies of the history; none of them may pass.
  void expect_rejected(const std::function<void()>& change) {
    const History recorded = history_;
    for (int i = 0; i < mutants; ++i) {
      change();
      EXPECT_FALSE(linearizable(history_)) << "mutant " << i;
      history_ = recorded;
      std::shuffle(history_.begin(), history_.end(), random_);
    }
  }

  History history_;

 private:
  std::mt19937 random_{seed_};
};

TEST_F(LinearizabilityMutants, AStaleReadIsFound) {
  expect_rejected([this] {
    const Operation replacing = one_of([](const Operation& operation) {
      return is_early(operation) && operation.kind != Kind::get && operation.result;
    });
    one_of([&](const Operation& operation) {
      return operation.kind == Kind::get && operation.key == replacing.key &&
             operation.invoked > replacing.returned;
    }).result = replacing.result;
  });
}

TEST_F(LinearizabilityMutants, ALostUpdateIsFound) {
  expect_rejected([this] {
    const Operation lost = one_of([this](const Operation& operation) {
      const auto replaces_it = [&](const Operation& other) {
        return other.kind != Kind::get && other.result == operation.argument;
      };
      return operation.kind == Kind::set && operation.result &&
             std::ranges::any_of(history_, replaces_it);
    });
    for (Operation& operation : history_) {
      if (operation.result == lost.argument) operation.result = lost.result;
    }
  });
}

TEST_F(LinearizabilityMutants, ARemovedValueThatIsBackIsFound) {
  expect_rejected([this] {
    const Operation removal = one_of([](const Operation& operation) {
      return is_early(operation) && operation.kind == Kind::remove && operation.result;
    });
    one_of([&](const Operation& operation) {
      return operation.key == removal.key && operation.invoked > removal.returned &&
             !operation.result;
    }).result = removal.result;
  });
}

class LinearizabilityKilled : public Linearizability {};

TEST_F(LinearizabilityKilled, TheOperationsBeforeAndAfterSixKillsHaveOneOrder) {
  constexpr int kills = 6;
  std::mt19937 random{seed_ + clients};
  ServerProcess server{{"--snapshot-every", "65536"}};
  for (int i = 0; i < kills; ++i) {
    run_and_kill(server, 1 + random() % (operations / 4));
    server.start_again();
  }
  const int done = static_cast<int>(history().size());
  run(server.port(), std::max(operations - done, 0) / clients + 100);
  expect_linearizable(history());
}

}  // namespace
}  // namespace kv::test
