#include "power_loss.hpp"

#include <algorithm>
#include <set>

namespace kv::test {
namespace {

using Operation = SimulatedFolder::Operation;
using Kind = SimulatedFolder::Kind;

constexpr std::size_t sector_bytes = 512;

void write_into(std::string& bytes, std::size_t offset, std::string_view written) {
  bytes.resize(std::max(bytes.size(), offset + written.size()));
  bytes.replace(offset, written.size(), written);
}

/// In stage 5 a file is appended to.
template <class AnOperation>
std::size_t offset_of(const AnOperation& operation, const std::string& seen) {
  if constexpr (requires { operation.offset; }) {
    return operation.offset;
  } else {
    return seen.size();
  }
}

}  // namespace

PowerLoss::PowerLoss(const Files& disk, std::span<const Event> events) {
  for (const auto& [name, bytes] : disk)
    names_[name] = std::make_shared<Inode>(Inode{.seen = bytes, .durable = bytes});
  durable_names_ = names_;
  for (std::size_t event = 0; event < events.size(); ++event) {
    if (events[event].operation) carry_out(event, *events[event].operation);
  }
  list_things();
}

// --- what has happened ---

void PowerLoss::carry_out(std::size_t event, const Operation& operation) {
  shown_names_[event] = operation.name;
  switch (operation.kind) {
    case Kind::create:
      by_file_[operation.file.get()] = std::make_shared<Inode>();
      return change(event, {{operation.name, by_file_[operation.file.get()]}});
    case Kind::rename:
      if (!names_.contains(operation.from)) return;
      return change(event, {{operation.from, nullptr}, {operation.name, names_[operation.from]}});
    case Kind::remove:
      if (!names_.contains(operation.name)) return;
      return change(event, {{operation.name, nullptr}});
    case Kind::sync_folder: durable_names_ = names_; return steps_.clear();
    default: break;
  }
  const auto inode = inode_of(operation);
  if (!inode) return;  // taken away, and so are its bytes
  for (const auto& [name, named] : names_) {
    if (named == inode) shown_names_[event] = name;
  }
  auto& [seen, durable, unsynced] = *inode;
  const auto offset = offset_of(operation, seen);
  if (operation.kind == Kind::sync_file) {
    durable = seen;
    unsynced.clear();
  } else if (operation.kind == Kind::write) {
    if (operation.bytes.empty()) return;
    write_into(seen, offset, operation.bytes);
    const auto end = offset + operation.bytes.size();
    for (auto sector = offset / sector_bytes; sector * sector_bytes < end; ++sector)
      unsynced[sector].push_back({event, seen.substr(sector * sector_bytes, sector_bytes)});
  } else {  // a truncation, from stage 6 on: what is beyond is gone for readers
    seen.resize(offset);
    unsynced.erase(unsynced.lower_bound((offset + sector_bytes - 1) / sector_bytes),
                   unsynced.end());
  }
}

std::shared_ptr<PowerLoss::Inode> PowerLoss::inode_of(const Operation& operation) {
  auto& inode = by_file_[operation.file.get()];
  if (!inode && names_.contains(operation.name)) inode = names_[operation.name];
  return inode;
}

void PowerLoss::change(std::size_t event, const Names& names) {
  for (const auto& [name, inode] : names) {
    if (const auto old = names_.find(name); old != names_.end() && inode != old->second) {
      if (SimulatedFolder::has_old_bytes && !name.ends_with(temporary_suffix))
        stale_.push_back(old->second->seen);
      names_.erase(old);
    }
    if (inode) names_[name] = inode;
  }
  steps_.push_back({event, names});
}

// --- what may be lost of it ---

/// Of a file that has lost its name nobody sees what became of its bytes.
void PowerLoss::list_things() {
  std::set<std::shared_ptr<Inode>> listed;
  const auto list = [&](const Names& names) {
    for (const auto& [name, inode] : names) {
      if (!inode || !listed.insert(inode).second || inode->unsynced.empty()) continue;
      if (inode->seen.size() > inode->durable.size())
        things_.push_back({.ways = 2 + stale_.size(), .inode = inode});
      for (const auto& [sector, versions] : inode->unsynced)
        things_.push_back({.ways = versions.size() + 1, .inode = inode, .sector = sector});
    }
  };
  if (SimulatedFolder::undoes_in_order && !steps_.empty())
    things_.push_back({.ways = steps_.size() + 1});
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    if (!SimulatedFolder::undoes_in_order) things_.push_back({.ways = 2, .step = step});
    list(steps_[step].names);
  }
  list(durable_names_);
  list(names_);
}

PowerLoss::Choice PowerLoss::ways() const {
  Choice ways;
  for (const auto& thing : things_) ways.push_back(thing.ways);
  return ways;
}

PowerLoss::Names PowerLoss::names_left(const Choice& choice) const {
  Names names = durable_names_;
  for (std::size_t i = 0; i < things_.size(); ++i) {
    const auto& [ways, step, inode, sector] = things_[i];
    if (inode) continue;
    for (std::size_t kept = 0; kept + choice[i] + 1 < ways; ++kept) {
      for (const auto& [name, named] : steps_[step + kept].names) {
        if (named) {
          names[name] = named;
        } else {
          names.erase(name);
        }
      }
    }
  }
  return names;
}

Files PowerLoss::left(const Choice& choice) const {
  Files files;
  if (std::ranges::count(choice, 0u) == std::ssize(choice)) {
    for (const auto& [name, inode] : names_) files[name] = inode->seen;
    return files;
  }
  std::map<std::shared_ptr<Inode>, std::string> contents;
  for (std::size_t i = 0; i < things_.size(); ++i) {
    const auto& [ways, step, inode, sector] = things_[i];
    if (!inode) continue;
    auto& bytes = contents.try_emplace(inode, inode->durable).first->second;
    if (sector) {
      const auto& versions = inode->unsynced.at(*sector);
      if (choice[i] < versions.size())
        write_into(bytes, *sector * sector_bytes, versions[versions.size() - 1 - choice[i]].bytes);
    } else if (choice[i] > 0) {  // zeros, or what was there of another file
      const auto begin = bytes.size();
      bytes.resize(inode->seen.size());
      if (choice[i] == 1) continue;
      const auto& old = stale_[choice[i] - 2];
      for (auto at = begin; at < std::min(bytes.size(), old.size()); ++at) bytes[at] = old[at];
    }
  }
  for (const auto& [name, inode] : names_left(choice)) {
    const auto found = contents.find(inode);
    files[name] = found == contents.end() ? inode->durable : found->second;
  }
  return files;
}

PowerLoss::Fate PowerLoss::fate(std::size_t event, const Choice& choice) const {
  std::size_t kept = 0, lost = 0;
  std::map<std::shared_ptr<Inode>, std::size_t> filled;
  Fate of_lost = Fate::lost;
  for (std::size_t i = 0; i < things_.size(); ++i) {
    const auto& [ways, step, inode, sector] = things_[i];
    for (std::size_t of_step = 0; !inode && of_step + 1 < ways; ++of_step) {
      if (steps_[step + of_step].event == event)
        return of_step + choice[i] + 1 < ways ? Fate::kept : Fate::lost;
    }
    if (!inode) continue;
    if (!sector) {
      filled[inode] = choice[i];
      continue;
    }
    const auto& versions = inode->unsynced.at(*sector);
    for (std::size_t version = 0; version < versions.size(); ++version) {
      if (versions[version].event != event) continue;
      ++(version + choice[i] < versions.size() ? kept : lost);
      if (filled[inode] > 0) of_lost = filled[inode] == 1 ? Fate::zeros : Fate::stale;
    }
  }
  if (lost == 0) return kept > 0 ? Fate::kept : Fate::synced;
  return kept > 0 ? Fate::in_part : of_lost;
}

}  // namespace kv::test
