#include "life.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/fatal_error.hpp"

namespace kv::test {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = SimulatedFolder::Kind;

constexpr std::chrono::seconds patience{10};      // with a store that may hang
constexpr std::chrono::milliseconds moment{200};  // so long may an operation be held up

// --- where the stores of stages 5 and 6 differ ---

template <class AStore, class Inner = Store>
AStore open_store(const SimulatedFolder& folder, std::uint64_t snapshot_every) {
  if constexpr (std::is_constructible_v<AStore, SimulatedFolder, std::uint64_t>) {
    return AStore{folder, snapshot_every};
  } else {
    typename Inner::Settings settings;
    settings.snapshot_every = snapshot_every;
    settings.limits = {.segment_bytes = 4096, .reserve_bytes = 1024};
    return AStore{folder, settings};
  }
}

template <class Log>
Lsn acknowledged_lsn(const Log& wal) {
  if constexpr (requires { wal.safe_lsn(); }) {
    return wal.safe_lsn();
  } else {
    return wal.durable_lsn();
  }
}

/// In this thread, where that can be: then the order of the operations is always the same.
template <class Log>
void flush(Log& wal) {
  if constexpr (requires { wal.flush_now(); }) {
    while (wal.flush_now()) {
    }
  }
  wal.flush_soon();
}

// --- a life is written down ---

class Recorder {
 public:
  static constexpr SimulatedFolder::Hook::result_type no_failure{};

  explicit Recorder(std::vector<Event>& events) : events_{events} {}

  void watch(SimulatedFolder& folder) {
    folder.set_hook([this](const SimulatedFolder::Operation& operation) {
      if (operation.kind == Kind::write && operation.bytes.empty()) return no_failure;
      wait_if_held_up(operation);
      const std::lock_guard lock{mutex_};
      if (is_stopped_) return no_failure;
      look_for_acknowledgements();
      events_.push_back({.kind = Event::Kind::operation, .operation = operation});
      const bool is_snapshot =
          operation.kind == Kind::rename && operation.name.starts_with("snapshot");
      snapshots_ += is_snapshot ? 1 : 0;
      return no_failure;
    });
  }

  /// The next operation of this kind, on a file so named, waits until go_on(); but not for ever.
  void hold_up(Kind kind, const std::string& name) {
    const std::lock_guard lock{mutex_};
    held_up_ = Held{kind, name};
  }

  /// Until it has come; but not for ever, either.
  void wait_for_held_up() {
    const auto end = Clock::now() + moment;
    while (Clock::now() < end && !is_held_up()) std::this_thread::yield();
  }

  void go_on() {
    const std::lock_guard lock{mutex_};
    held_up_.reset();
  }

  void opened(const Wal& wal) {
    const std::lock_guard lock{mutex_};
    wal_ = &wal;
    acknowledged_ = wal.last_lsn();
    events_.push_back({.kind = Event::Kind::opened});
  }

  void stop() {
    const std::lock_guard lock{mutex_};
    is_stopped_ = true;
  }

  void begun(std::size_t command) {
    const std::lock_guard lock{mutex_};
    events_.push_back({.kind = Event::Kind::begun, .command = command});
  }

  void wait_for_acknowledgement(Lsn lsn) {
    wait("an acknowledgement", [&] { return acknowledged_lsn(*wal_) >= lsn; });
    const std::lock_guard lock{mutex_};
    look_for_acknowledgements();
  }

  std::size_t snapshots() {
    const std::lock_guard lock{mutex_};
    return snapshots_;
  }

  /// Until there is one more than that.
  void wait_for_snapshot(std::size_t before) {
    wait("a snapshot", [&] { return snapshots() > before; });
  }

  /// Until nothing happens any more.
  void wait_for_calm() {
    std::size_t seen = 0;
    wait("some rest", [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
      const std::lock_guard lock{mutex_};
      return seen == std::exchange(seen, events_.size());
    });
  }

 private:
  /// With the lock held. Who looks at the LSN, as the barrier of a connection does, may answer.
  void look_for_acknowledgements() {
    const Lsn lsn = wal_ ? acknowledged_lsn(*wal_) : 0;
    if (lsn <= acknowledged_) return;
    acknowledged_ = lsn;
    events_.push_back({.kind = Event::Kind::acknowledged, .lsn = acknowledged_});
  }

  struct Held {
    Kind kind;
    std::string name;
    bool has_come = false;
  };

  bool is_held_up() {
    const std::lock_guard lock{mutex_};
    return held_up_ && held_up_->has_come;
  }

  void wait_if_held_up(const SimulatedFolder::Operation& operation) {
    {
      const std::lock_guard lock{mutex_};
      if (!held_up_ || held_up_->kind != operation.kind ||
          !operation.name.starts_with(held_up_->name))
        return;
      held_up_->has_come = true;
    }
    const auto end = Clock::now() + moment;
    while (Clock::now() < end && is_held_up()) std::this_thread::yield();
  }

  /// Without any destructor, as the threads of the store may never end.
  [[noreturn]] static void give_up(const std::string& what) {
    std::cerr << "the store was waited for " << what << ", and there was none\n";
    std::_Exit(2);
  }

  template <class Condition>
  void wait(const std::string& what, Condition is_there) {
    const auto end = Clock::now() + patience;
    while (!is_there()) {
      if (Clock::now() > end || (wal_ && wal_->failed())) give_up(what);
      std::this_thread::yield();
    }
  }

  std::mutex mutex_;  // guards what follows
  std::vector<Event>& events_;
  std::optional<Held> held_up_;
  const Wal* wal_ = nullptr;
  Lsn acknowledged_ = 0;
  std::size_t snapshots_ = 0;
  bool is_stopped_ = false;
};

SimulatedFolder folder_with(const Files& disk) {
  SimulatedFolder folder;
  for (const auto& [name, bytes] : disk) folder.put(name, bytes);
  return folder;
}

/// What a command has done, for one that has no text.
std::string text_of_change(const Contents& before, const Contents& after) {
  std::string text;
  const auto add = [&](const char* verb, const Contents& from, const Contents& to) {
    for (const auto& [table, rows] : from) {
      for (const auto& [key, value] : rows) {
        const auto other = to.find(table);
        if (other == to.end() || !other->second.contains(key) ||
            (from == after && other->second.at(key) != value))
          text += (text.empty() ? "" : ", ") + std::string{verb} + " " + table + " " + key;
      }
    }
  };
  add("set", after, before);
  add("delete", before, after);
  return text.empty() ? "(changes nothing)" : text;
}

}  // namespace

Life live(const Files& disk, const std::vector<Contents>& may_find, const Plan& plan) {
  Life life{.disk = disk, .may_find = may_find};
  auto folder = folder_with(disk);
  Recorder recorder{life.events};
  recorder.watch(folder);
  auto store = open_store<OpenStore>(folder, plan.snapshot_every);
  auto& wal = store.wal();
  recorder.opened(wal);
  life.states.push_back(store.contents());
  if (plan.holds_up_snapshots) recorder.hold_up(Kind::create, "snapshot");
  for (const auto& command : plan.commands) {
    const auto snapshots = recorder.snapshots();
    const auto lsn = wal.last_lsn();
    recorder.begun(life.lsns.size() + 1);
    if (auto done = command.run(store.memtable()); !done)
      throw std::runtime_error{"a command is refused: " + done.error().message};
    if (!plan.holds_up_snapshots) recorder.go_on();  // the one before
    life.lsns.push_back(wal.last_lsn());
    life.states.push_back(store.contents());
    life.texts.push_back(command.text.empty()
                             ? text_of_change(*(life.states.end() - 2), life.states.back())
                             : command.text);
    if (wal.last_lsn() == lsn) continue;  // it has changed nothing
    if (command.next == Command::Next::acknowledged) {
      flush(wal);
      recorder.wait_for_acknowledgement(wal.last_lsn());
      if (plan.waits_for_snapshots) recorder.wait_for_snapshot(snapshots);
      if (plan.holds_up_snapshots) recorder.wait_for_held_up();
      if (plan.is_calm) recorder.wait_for_calm();
    } else if (command.next == Command::Next::written) {
      recorder.hold_up(Kind::write, "");
      wal.flush_soon();
      recorder.wait_for_held_up();
    }
  }
  recorder.go_on();
  if (plan.holds_up_snapshots) recorder.wait_for_snapshot(0);
  if (plan.is_calm) recorder.wait_for_calm();
  if (plan.stops_in_order) {
    if (auto closed = store.store().close(); !closed)
      throw std::runtime_error{"the store does not stop: " + closed.error().message};
  }
  recorder.stop();  // what comes now is the end of this program's store, and of no life
  return life;
}

std::size_t Life::acknowledged(std::size_t event) const {
  Lsn lsn = 0;
  std::size_t begun = 0;
  for (std::size_t i = 0; i < event; ++i) {
    lsn = std::max(lsn, events[i].lsn);
    begun = std::max(begun, events[i].command);
  }
  std::size_t acknowledged = 0;
  while (acknowledged < begun && lsns[acknowledged] <= lsn) ++acknowledged;
  return acknowledged;
}

std::vector<Contents> Life::may_leave(std::size_t event) const {
  const auto before = std::span{events}.first(event);
  if (std::ranges::none_of(before, [](const Event& e) { return e.kind == Event::Kind::opened; }))
    return may_find;
  const auto begun =
      std::ranges::count_if(before, [](const Event& e) { return e.kind == Event::Kind::begun; });
  return {states.begin() + static_cast<std::ptrdiff_t>(acknowledged(event)),
          states.begin() + begun + 1};
}

namespace {

template <class Read>
Found found_by(Read read) {
  try {
    return {.contents = read()};
  } catch (const FatalError& error) {
    return {.exit_status = error.exit_status(), .refusal = error.what()};
  }
}

}  // namespace

Found start_on(const Files& disk) {
  return found_by([&] { return OpenStore{folder_with(disk)}.contents(); });
}

Found look_at(const Files& disk) {
  return found_by([&] { return look(folder_with(disk)); });
}

}  // namespace kv::test
