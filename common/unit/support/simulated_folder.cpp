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

Error failure(Status status) { return Error{status, "the simulated disk fails"}; }

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

  void write(std::size_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    write_into(seen, offset, bytes);
    const auto first = offset / sector_bytes, last = (offset + bytes.size() - 1) / sector_bytes;
    for (auto sector = first; sector <= last; ++sector)
      unsynced[sector].push_back(seen.substr(sector * sector_bytes, sector_bytes));
  }

  /// What stands beyond is gone for readers; the disk keeps it until a sync.
  void truncate(std::size_t bytes) {
    seen.resize(bytes);
    unsynced.erase(unsynced.lower_bound((bytes + sector_bytes - 1) / sector_bytes), unsynced.end());
    const auto last = unsynced.find(bytes / sector_bytes);
    if (last == unsynced.end()) return;
    for (auto& content : last->second)
      content.resize(std::min(content.size(), bytes % sector_bytes));
  }

  std::string after_power_loss(std::mt19937& random) const {
    std::string bytes = durable;
    if (!unsynced.empty() && pick(random, 2) == 0)
      bytes.resize(std::max(durable.size(), seen.size()));
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

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [name, content] : seen) sum += content->seen.size();
    return sum;
  }

  /// What is on the disk when only a random beginning of the unsynced steps is.
  Names after_power_loss(std::mt19937& some) const {
    Names names = durable;
    const auto kept = pick(some, unsynced.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) take(names, unsynced[i]);
    return names;
  }

  /// Asks the hook, without the lock.
  std::optional<Status> begin(Operation operation) {
    Hook asked;
    {
      const std::lock_guard lock{mutex};
      operation.number = ++operations;
      asked = hook;
    }
    return asked ? asked(operation) : std::nullopt;
  }

  /// With the lock held.
  bool read_fails() {
    ++reads;
    return reads == failing_read || (reads > failing_read && reads_fail_for_good);
  }

  std::mutex mutex;  // guards what follows
  Names seen, durable;
  std::vector<Step> unsynced;
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

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    const auto failed =
        disk_->begin({0, Kind::write, name_, {}, content_, offset, std::string{bytes}});
    const std::lock_guard lock{disk_->mutex};
    if (failed) {
      const auto end = (offset + bytes.size() / 2) / sector_bytes * sector_bytes;
      content_->write(offset, bytes.substr(0, end - std::min<std::size_t>(end, offset)));
      return failure(*failed);
    }
    const auto other_bytes = disk_->bytes() - content_->seen.size();
    const auto room = disk_->capacity - std::min(disk_->capacity, other_bytes);
    if (offset + bytes.size() > std::max(room, content_->seen.size())) {
      content_->write(offset, bytes.substr(0, room - std::min<std::size_t>(room, offset)));
      return failure(Status::no_space);
    }
    content_->write(offset, bytes);
    return {};
  }

  Result<std::size_t> read_into(std::span<char> bytes, std::uint64_t offset) const override {
    const std::lock_guard lock{disk_->mutex};
    if (disk_->read_fails()) return failure(Status::storage_failed);
    if (offset > content_->seen.size()) return 0;
    return content_->seen.copy(bytes.data(), bytes.size(), offset);
  }

  Result<void> truncate(std::uint64_t bytes) override {
    const auto failed = disk_->begin({0, Kind::truncate, name_, {}, content_, bytes});
    const std::lock_guard lock{disk_->mutex};
    if (failed) return failure(*failed);
    content_->truncate(bytes);
    return {};
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard lock{disk_->mutex};
    if (disk_->read_fails()) return failure(Status::storage_failed);
    return content_->seen.size();
  }

  void set_name(const std::string& name) override { name_ = name; }

  Result<void> sync() override {
    const auto failed = disk_->begin({0, Kind::sync_file, name_, {}, content_});
    const std::lock_guard lock{disk_->mutex};
    if (failed) {
      if (!disk_->loses_all) content_->durable = content_->after_power_loss(disk_->random);
      content_->unsynced.clear();
      return failure(*failed);
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
  if (const auto failed = disk_->begin({0, Kind::create, name, {}, content}))
    return failure(*failed);
  const std::lock_guard lock{disk_->mutex};
  disk_->change({{name, content}});
  std::unique_ptr<File> file = std::make_unique<OpenFile>(disk_, name, std::move(content));
  return file;
}

Result<std::unique_ptr<File>> SimulatedFolder::open(const std::string& name) const {
  const std::lock_guard lock{disk_->mutex};
  if (disk_->read_fails()) return failure(Status::storage_failed);
  const auto found = disk_->seen.find(name);
  if (found == disk_->seen.end()) return Error{Status::storage_failed, "there is no " + name};
  std::unique_ptr<File> file = std::make_unique<OpenFile>(disk_, name, found->second);
  return file;
}

Result<std::vector<std::string>> SimulatedFolder::list() const {
  const std::lock_guard lock{disk_->mutex};
  if (disk_->read_fails()) return failure(Status::storage_failed);
  std::vector<std::string> names;
  for (const auto& [name, content] : disk_->seen) names.insert(names.begin(), name);  // any order
  return names;
}

Result<void> SimulatedFolder::rename(const std::string& from, const std::string& to) {
  if (const auto failed = disk_->begin({0, Kind::rename, to, from})) return failure(*failed);
  const std::lock_guard lock{disk_->mutex};
  const auto found = disk_->seen.find(from);
  if (found == disk_->seen.end()) return Error{Status::storage_failed, "there is no " + from};
  disk_->change({{from, nullptr}, {to, found->second}});
  return {};
}

Result<void> SimulatedFolder::remove(const std::string& name) {
  if (const auto failed = disk_->begin({0, Kind::remove, name})) return failure(*failed);
  const std::lock_guard lock{disk_->mutex};
  if (!disk_->seen.contains(name)) return Error{Status::storage_failed, "there is no " + name};
  disk_->change({{name, nullptr}});
  return {};
}

Result<void> SimulatedFolder::sync() {
  return syncs_->make([this]() -> Result<void> {
    const auto failed = disk_->begin({0, Kind::sync_folder, ""});
    const std::lock_guard lock{disk_->mutex};
    if (!failed) {
      disk_->durable = disk_->seen;
    } else if (!disk_->loses_all) {
      disk_->durable = disk_->after_power_loss(disk_->random);
    }
    disk_->unsynced.clear();
    if (failed) return failure(*failed);
    return {};
  });
}

SimulatedFolder SimulatedFolder::opened_again() const {
  auto folder = *this;
  folder.syncs_ = std::make_shared<Syncs>();
  return folder;
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
    found.put(name, content->after_power_loss(random));
  return found;
}

SimulatedFolder SimulatedFolder::after_kill(std::uint32_t seed) const {
  SimulatedFolder found{seed};
  for (const auto& [name, bytes] : files()) found.put(name, bytes);
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

SimulatedFolder::Hook fail_at(std::size_t number, Status status, bool for_good) {
  return [=](const SimulatedFolder::Operation& operation) {
    const bool fails = operation.number == number || (for_good && operation.number > number);
    return fails ? std::optional{status} : std::nullopt;
  };
}

SimulatedFolder::Hook fail_next(SimulatedFolder::Kind kind, const std::string& name,
                                Status status) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  return [=](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
    if (operation.kind != kind || !operation.name.starts_with(name) || done->exchange(true))
      return std::nullopt;
    return status;
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
  return [=, state = state_](const SimulatedFolder::Operation& operation) -> std::optional<Status> {
    if (operation.kind != kind || !operation.name.starts_with(name) || state->opened.try_wait())
      return std::nullopt;
    if (!state->somebody.test_and_set()) state->arrived.set_value();
    state->opened.wait();
    return std::nullopt;
  };
}

}  // namespace kv::test
