#include "search.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/fatal_error.hpp"

namespace kv::test {
namespace {

// So many ways to lose something are all tried, or as many of more: in a first life, and after it.
constexpr std::size_t ways_max = 64, ways_after_max = 16;

bool is_wrong(const Found& found, const std::vector<Contents>& may_find) {
  return found.exit_status != 0 || std::ranges::find(may_find, found.contents) == may_find.end();
}

/// Takes back of a choice what need not be lost for the start to go wrong.
Loss shrunk(Loss loss) {
  const PowerLoss power_loss{loss.life.disk, std::span{loss.life.events}.first(loss.end)};
  const auto may_find = loss.life.may_leave(loss.end);
  for (auto& way : loss.choice) {
    const auto lost = way;
    for (way = 0; way < lost; ++way) {
      const auto found = start_on(power_loss.left(loss.choice));
      if (!is_wrong(found, may_find)) continue;
      loss.found = found;
      break;
    }
  }
  return loss;
}

/// A crash comes before an operation, or at the end.
bool may_end_before(const Life& life, std::size_t event) {
  return event == life.events.size() || life.events[event].operation;
}

}  // namespace

std::vector<Search::Choice> Search::choices(const PowerLoss& power_loss, std::size_t most) {
  const auto ways = power_loss.ways();
  Choice choice(ways.size(), 0);
  std::size_t all = 1;
  for (const auto count : ways) all = std::min(all * count, most + 1);
  std::vector<Choice> choices{choice};
  if (all <= most) {  // count through them, as through the digits of a number
    for (std::size_t done = 1; done < all; ++done) {
      for (std::size_t i = 0; ++choice[i] == ways[i]; ++i) choice[i] = 0;
      choices.push_back(choice);
    }
    return choices;
  }
  while (choices.size() < most) {
    const auto odds = 1 + below(4);  // that a thing is kept: none, a half, two thirds, ...
    for (std::size_t i = 0; i < ways.size(); ++i) choice[i] = below(odds) == 0 ? below(ways[i]) : 0;
    choices.push_back(choice);
  }
  return choices;
}

std::optional<Loss> Search::try_crash(const Life& life, const Crash& crash, std::size_t start,
                                      Found (*find)(const Files&)) {
  ++crashes_;
  const auto found = find(crash.power_loss.left(crash.choice));
  if (!is_wrong(found, life.may_leave(crash.end))) return std::nullopt;
  return shrunk({life, crash.end, crash.choice, crashes_, start, found});
}

std::optional<Loss> Search::each_crash(const Life& life, std::size_t most, const Try& try_one) {
  for (std::size_t end = 0; end <= life.events.size(); ++end) {
    if (!may_end_before(life, end)) continue;
    Crash crash{end, {life.disk, std::span{life.events}.first(end)}, {}};
    for (auto& choice : choices(crash.power_loss, most)) {
      crash.choice = std::move(choice);
      if (auto loss = try_one(crash)) return loss;
    }
  }
  return std::nullopt;
}

/// The first one after which something cannot be read that had been acknowledged; else the first.
std::optional<Loss> Search::worst(const Life& life, std::size_t most, const Try& try_one) {
  std::optional<Loss> first;
  const auto try_on = [&](const Crash& crash) {
    auto loss = try_one(crash);
    if (!loss || loss->life.acknowledged(loss->end) > 0 || !loss->life.may_find.front().empty())
      return loss;
    if (!first) first.swap(loss);
    return std::optional<Loss>{};
  };
  const auto told = each_crash(life, most, try_on);
  return told ? told : first;
}

std::optional<Loss> Search::worst(const Life& life, std::size_t most, std::size_t start) {
  return worst(life, most, [&](const Crash& crash) {
    return try_crash(life, crash, start, start == 1 ? start_on : look_at);
  });
}

/// Of a life on what a crash has left.
std::optional<Loss> Search::worst_after(const Life& life, const Crash& crash, const Plan& plan) {
  const auto disk = crash.power_loss.left(crash.choice);
  const auto may_find = life.may_leave(crash.end);
  if (!seen_.insert({disk, !may_find.front().empty()}).second) return std::nullopt;
  try {
    return worst(live(disk, may_find, plan), ways_after_max, 2);
  } catch (const FatalError&) {
    return try_crash(life, crash, 1);
  }
}

std::optional<Loss> Search::everywhere(const Plan& first, const Plan& second) {
  const auto life = live({}, {{}}, first);
  if (auto loss = worst(life, ways_max, 1)) return loss;  // a short history, if there is one
  return worst(life, ways_max, [&](const Crash& c) { return worst_after(life, c, second); });
}

std::optional<Loss> Search::at_random(std::size_t lives) {
  constexpr std::size_t most = 3;
  Files disk;
  std::vector<Contents> may_find{{}};
  for (std::size_t start = 1; start <= lives; ++start) {
    RandomCommands commands{static_cast<std::uint32_t>(random_())};
    Plan plan{.snapshot_every = below(2) * 1500, .is_calm = false, .stops_in_order = below(2) == 0};
    for (int i = 0; i < 25; ++i) {
      plan.commands.push_back({.run = [&](Storage& storage) { return commands.next(storage); },
                               .next = static_cast<Command::Next>(below(3))});
    }
    const auto life = live(disk, may_find, plan);
    if (auto loss = worst(life, most, start)) return loss;
    std::size_t end = below(life.events.size() + 1);
    while (!may_end_before(life, end)) ++end;
    Crash crash{end, {life.disk, std::span{life.events}.first(end)}, {}};
    crash.choice = choices(crash.power_loss, most).back();
    if (auto loss = try_crash(life, crash, start)) return loss;
    disk = crash.power_loss.left(crash.choice);
    may_find = life.may_leave(end);
  }
  return std::nullopt;
}

}  // namespace kv::test
