#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "life.hpp"

namespace kv::test {

/// A crash after which the next start does not find what it must.
struct Loss {
  Life life;
  std::size_t end = 0;  ///< it comes before this event
  PowerLoss::Choice choice = {};
  std::size_t crash = 0, start = 0;  ///< how many were tried, and which start of the store it ends
  Found found = {};
};

/// Tries crashes, the short histories first, until one loses something.
class Search {
 public:
  explicit Search(std::uint32_t seed) : random_{seed} {}

  /// Carries out the plan on an empty disk, crashes before each event in all ways, or in many, and
  /// on each disk that is left carries out the second plan, and crashes in that as well.
  std::optional<Loss> everywhere(const Plan& first, const Plan& second);

  /// Lives of one disk, each in its turn: of each some crashes are tried, and the next life goes on
  /// from one of them.
  std::optional<Loss> at_random(std::size_t lives);

  std::size_t crashes() const { return crashes_; }

 private:
  using Choice = PowerLoss::Choice;

  struct Crash {
    std::size_t end;
    PowerLoss power_loss;
    Choice choice;
  };
  using Try = std::function<std::optional<Loss>(const Crash&)>;

  std::optional<Loss> each_crash(const Life& life, std::size_t most, const Try& try_one);
  std::optional<Loss> worst(const Life& life, std::size_t most, const Try& try_one);
  std::optional<Loss> worst(const Life& life, std::size_t most, std::size_t start);
  std::optional<Loss> worst_after(const Life& life, const Crash& crash, const Plan& plan);
  std::optional<Loss> try_crash(const Life& life, const Crash& crash, std::size_t start,
                                Found (*find)(const Files&) = start_on);
  std::vector<Choice> choices(const PowerLoss& power_loss, std::size_t most);
  std::size_t below(std::size_t end) { return random_() % end; }

  std::mt19937 random_;
  std::size_t crashes_ = 0;
  std::set<std::pair<Files, bool>> seen_;  // disks on which a life was lived, and with data or not
};

}  // namespace kv::test
