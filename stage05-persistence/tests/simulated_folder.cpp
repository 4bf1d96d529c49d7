#include "simulated_folder.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace kv::test {
namespace {

constexpr std::size_t sector_bytes = 512;

const Error failure{Status::storage_failed, "the simulated disk fails"};

std::size_t pick(std::mt19937& random, std::size_t count) {  // 0 to count - 1
  return std::uniform_int_distribution<std::size_t>{0, count - 1}(random);
}

void write_into(std::string& bytes, std::size_t offset, std::string_view written) {
  bytes.resize(std::max(bytes.size(), offset + written.size()));
  bytes.replace(offset, written.size(), written);
}

}  // namespace

/// Of one file, whatever its name.
struct SimulatedFolder::Content {
  std::string seen;
  std::string durable;
  std::map<std::size_t, std::vector<std::string>> unsynced;  // by sector: each content since

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto first = seen.size() / sector_bytes;
    seen += bytes;
    for (auto sector = first; sector * sector_bytes < seen.size(); ++sector)
      unsynced[sector].push_back(seen.substr(sector * sector_bytes, sector_bytes));
  }

  /// `stale`: what the disk may have had where this file is now.
  std::string after_power_loss(std::mt19937& random, const std::vector<std::string>& stale) const {
    std::string bytes = durable;
    if (!unsynced.empty() && pick(random, 2) == 0) {
      bytes.resize(std::max(durable.size(), seen.size()));
      if (!stale.empty() && pick(random, 2) == 0) {
        const auto& old = stale[pick(random, stale.size())];
        for (auto i = durable.size(); i < std::min(bytes.size(), old.size()); ++i)
          bytes[i] = old[i];
      }
    }
    for (const auto& [sector, contents] : unsynced) {
      const auto kept = pick(random, contents.size() + 1);
      if (kept < contents.size()) write_into(bytes, sector * sector_bytes, contents[kept]);
    }
    return bytes;
  }
};

struct SimulatedFolder::Disk {
  using Names = std::map<std::string, std::shared_ptr<Content>>;
  using Step = Names;  // names and what they stand for from then on; null: for nothing

  static void take(Names& names, const Step& step) {
    for (const auto& [name, content] : step) {
      if (content) {
        names[name] = content;
      } else {
        names.erase(name);
      }
    }
  }

  void change(const Step& step) {
    take(seen, step);
    unsynced.push_back(step);
  }

  /// Its bytes may come to light in another file, whose sectors were not written.
  void bury(const std::string& name) {
    if (const auto old = seen.find(name); old != seen.end()) stale.push_back(old->second->seen);
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [name, content] : seen) sum += content->seen.size();
    return sum;
  }

  /// What is on the disk when only a random beginning of the unsynced steps is, or any of them.
  Names after_power_loss(std::mt19937& some) const {
    Names names = durable;
    const bool in_order = pick(some, 2) == 0;
    const auto kept = pick(some, unsynced.size() + 1);
    for (std::size_t i = 0; i < unsynced.size(); ++i) {
      if (in_order ? i < kept : pick(some, 2) == 0) take(names, unsynced[i]);
    }
    return names;
  }

  /// Asks the hook, without the lock.
  bool begin(Operation operation) {
    Hook asked;
    {
      const std::lock_guard lock{mutex};
      operation.number = ++operations;
      asked = hook;
    }
    return asked && asked(operation);
  }

  /// With the lock held.
  bool read_fails() {
    ++reads;
    return reads == failing_read || (reads > failing_read && reads_fail_for_good);
  }

  std::mutex mutex;  // guards what follows
  Names seen, durable;
  std::vector<Step> unsynced;
  std::vector<std::string> stale;  // contents of files that were replaced or removed
  Hook hook;
  std::size_t operations = 0;
  std::size_t capacity = std::numeric_limits<std::size_t>::max();
  std::mt19937 random;
  bool loses_all = false;
  std::size_t reads = 0, failing_read = 0;
  bool reads_fail_for_good = false;
};

class SimulatedFolder::OpenFile : public File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, std::string name, std::shared_ptr<Content> content)
      : disk_{std::move(disk)}, name_{std::move(name)}, content_{std::move(content)} {}

  Result<void> append(std::string_view bytes) override {
    const auto failed = disk_->begin({0, Kind::write, name_, {}, content_, std::string{bytes}});
    const std::lock_guard lock{disk_->mutex};
    const auto room = disk_->capacity - std::min(disk_->capacity, disk_->bytes());
    if (failed || bytes.size() > room) {
      content_->append(bytes.substr(0, std::min(bytes.size() / 2, room)));
      return failure;
    }
    content_->append(bytes);
    return {};
  }

  Result<void> sync() override {
    const auto failed = disk_->begin({0, Kind::sync_file, name_, {}, content_});
    const std::lock_guard lock{disk_->mutex};
    if (failed) {
      if (!disk_->loses_all)
        content_->durable = content_->after_power_loss(disk_->random, disk_->stale);
      content_->unsynced.clear();
      return failure;
    }
    for (const auto& [sector, contents] : content_->unsynced)
      write_into(content_->durable, sector * sector_bytes, contents.back());
    content_->unsynced.clear();
    content_->durable.resize(content_->seen.size());
    return {};
  }

 private:
  const std::shared_ptr<Disk> disk_;
  std::string name_;
  const std::shared_ptr<Content> content_;
};

SimulatedFolder::SimulatedFolder(std::uint32_t seed) : disk_{std::make_shared<Disk>()} {
  disk_->random.seed(seed);
}

Result<std::unique_ptr<File>> SimulatedFolder::create(const std::string& name) {
  auto content = std::make_shared<Content>();
  if (disk_->begin({0, Kind::create, name, {}, content})) return failure;
  const std::lock_guard lock{disk_->mutex};
  disk_->bury(name);
  disk_->change({{name, content}});
  std::unique_ptr<File> file = std::make_unique<OpenFile>(disk_, name, std::move(content));
  return file;
}

Result<std::string> SimulatedFolder::read(const std::string& name) const {
  const std::lock_guard lock{disk_->mutex};
  if (disk_->read_fails()) return failure;
  const auto found = disk_->seen.find(name);
  if (found == disk_->seen.end()) return Error{Status::storage_failed, "there is no " + name};
  return found->second->seen;
}

Result<std::vector<std::string>> SimulatedFolder::list() const {
  const std::lock_guard lock{disk_->mutex};
  if (disk_->read_fails()) return failure;
  std::vector<std::string> names;
  for (const auto& [name, content] : disk_->seen) names.insert(names.begin(), name);  // any order
  return names;
}

Result<void> SimulatedFolder::rename(const std::string& from, const std::string& to) {
  if (disk_->begin({0, Kind::rename, to, from})) return failure;
  const std::lock_guard lock{disk_->mutex};
  const auto found = disk_->seen.find(from);
  if (found == disk_->seen.end()) return Error{Status::storage_failed, "there is no " + from};
  disk_->bury(to);
  disk_->change({{from, nullptr}, {to, found->second}});
  return {};
}

Result<void> SimulatedFolder::remove(const std::string& name) {
  if (disk_->begin({0, Kind::remove, name})) return failure;
  const std::lock_guard lock{disk_->mutex};
  if (!disk_->seen.contains(name)) return Error{Status::storage_failed, "there is no " + name};
  disk_->bury(name);
  disk_->change({{name, nullptr}});
  return {};
}

Result<void> SimulatedFolder::sync() {
  const auto failed = disk_->begin({0, Kind::sync_folder, ""});
  const std::lock_guard lock{disk_->mutex};
  if (!failed) {
    disk_->durable = disk_->seen;
  } else if (!disk_->loses_all) {
    disk_->durable = disk_->after_power_loss(disk_->random);
  }
  disk_->unsynced.clear();
  if (failed) return failure;
  return {};
}

void SimulatedFolder::set_hook(Hook hook) {
  const std::lock_guard lock{disk_->mutex};
  disk_->hook = std::move(hook);
}

void SimulatedFolder::lose_all() {
  const std::lock_guard lock{disk_->mutex};
  disk_->loses_all = true;
}

void SimulatedFolder::fail_read(std::size_t number, bool for_good) {
  const std::lock_guard lock{disk_->mutex};
  disk_->failing_read = number;
  disk_->reads_fail_for_good = for_good;
}

std::size_t SimulatedFolder::reads() const {
  const std::lock_guard lock{disk_->mutex};
  return disk_->reads;
}

std::size_t SimulatedFolder::operations() const {
  const std::lock_guard lock{disk_->mutex};
  return disk_->operations;
}

void SimulatedFolder::set_capacity(std::size_t bytes) {
  const std::lock_guard lock{disk_->mutex};
  disk_->capacity = bytes;
}

SimulatedFolder SimulatedFolder::after_power_loss(std::uint32_t seed) const {
  std::mt19937 random{seed};
  SimulatedFolder found;
  const std::lock_guard lock{disk_->mutex};
  for (const auto& [name, content] : disk_->after_power_loss(random))
    found.put(name, content->after_power_loss(random, disk_->stale));
  found.disk_->stale = disk_->stale;
  for (const auto& [name, content] : disk_->seen) {  // written, and to no file that is found
    if (!content->unsynced.empty()) found.disk_->stale.push_back(content->seen);
  }
  return found;
}

SimulatedFolder SimulatedFolder::after_kill(std::uint32_t seed) const {
  SimulatedFolder found{seed};
  for (const auto& [name, bytes] : files()) found.put(name, bytes);
  const std::lock_guard lock{disk_->mutex};
  found.disk_->stale = disk_->stale;
  return found;
}

std::map<std::string, std::string> SimulatedFolder::files() const {
  const std::lock_guard lock{disk_->mutex};
  std::map<std::string, std::string> files;
  for (const auto& [name, content] : disk_->seen) files[name] = content->seen;
  return files;
}

void SimulatedFolder::put(const std::string& name, const std::string& bytes) {
  const std::lock_guard lock{disk_->mutex};
  const auto content = std::make_shared<Content>(Content{bytes, bytes, {}});
  disk_->seen[name] = disk_->durable[name] = content;
}

void SimulatedFolder::erase(const std::string& name) {
  const std::lock_guard lock{disk_->mutex};
  disk_->seen.erase(name);
  disk_->durable.erase(name);
}

SimulatedFolder::Hook fail_at(std::size_t number, bool for_good) {
  return [=](const SimulatedFolder::Operation& operation) {
    return operation.number == number || (for_good && operation.number > number);
  };
}

SimulatedFolder::Hook fail_next(SimulatedFolder::Kind kind, const std::string& name) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  return [=](const SimulatedFolder::Operation& operation) {
    return operation.kind == kind && operation.name.starts_with(name) && !done->exchange(true);
  };
}

Gate::~Gate() {
  if (!state_->opened.try_wait()) open();
}

void Gate::wait_for_somebody() {
  if (state_->arrived.get_future().wait_for(std::chrono::seconds{20}) != std::future_status::ready)
    throw std::runtime_error{"nobody has come to the gate within 20 s"};
}

SimulatedFolder::Hook Gate::hook(SimulatedFolder::Kind kind, const std::string& name) {
  return [=, state = state_](const SimulatedFolder::Operation& operation) {
    if (operation.kind != kind || !operation.name.starts_with(name) || state->opened.try_wait())
      return false;
    if (!state->somebody.test_and_set()) state->arrived.set_value();
    state->opened.wait();
    return false;
  };
}

}  // namespace kv::test
