#include "drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace kv::test {
namespace {

using Fate = PowerLoss::Fate;
using Kind = SimulatedFolder::Kind;

constexpr std::size_t width = 80;

/// The numbers in names without their zeros, so that names fit into a table.
std::string short_names(const std::string& text) {
  static const std::regex zeros{"0{5,}([0-9])"};
  return std::regex_replace(text, zeros, "$1");
}

/// In lines of the width, all but the first one indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string lines;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (begin > 0 && column + 1 + word.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (begin > 0) {
      lines += " ";
      ++column;
    }
    lines += word;
    column += word.size();
    begin = end + 1;
  }
  return lines + "\n";
}

/// A short text as it is; of anything else how long it is.
std::string shown_value(const std::string& value) {
  constexpr std::size_t most = 12;
  const auto bytes = value.substr(value.find(':') + 1);
  const auto is_text = std::ranges::all_of(bytes, [](char c) { return c > ' ' && c <= '~'; });
  if (is_text && bytes.size() <= most) return bytes;
  const auto count = bytes.find("... ");  // see text_of
  return count == std::string::npos
             ? fmt::format("({} bytes)", bytes.size())
             : fmt::format("({})", bytes.substr(count + 4, bytes.rfind(',') - count - 4));
}

std::string shown(const Contents& contents) {
  std::string text;
  for (const auto& [table, rows] : contents) {
    text += (text.empty() ? "" : "; ") + table + ":";
    for (const auto& [key, value] : rows) text += " " + key + "=" + shown_value(value);
  }
  return text.empty() ? "nothing" : text;
}

std::string shown(const Files& files) {
  std::string text;
  for (const auto& [name, bytes] : files)
    text += fmt::format("{}{} ({} bytes)", text.empty() ? "" : ", ", name, bytes.size());
  return text.empty() ? "nothing" : short_names(text);
}

class Drawing {
 public:
  explicit Drawing(const Loss& loss)
      : loss_{loss},
        life_{loss.life},
        power_loss_{life_.disk, std::span{life_.events}.first(loss.end)} {
    std::size_t number = 0;
    for (std::size_t event = 0; event < loss.end; ++event) {
      numbers_.push_back(life_.events[event].operation ? ++number : number);
      if (fate(event) >= Fate::in_part && !lost_) lost_ = event;
    }
    end_number_ = number + 1;
    end_ = lost_ ? "the power goes" : "the process is killed";
  }

  std::string text() {
    say(fmt::format("crash {}: {} before operation {}{}\n", loss_.crash, end_, end_number_,
                    loss_.start > 1 ? fmt::format(" of start {}", loss_.start) : ""));
    if (!life_.disk.empty()) {
      say("a crash left  " + shown(life_.disk));
      say("which holds   " + shown(life_.may_find.front()) + "\n");
    }
    draw_events();
    say(fmt::format("{:4}  {}\n", end_number_, end_));
    say("the disk has  " + shown(power_loss_.left(loss_.choice)));
    draw_start();
    return text_;
  }

 private:
  Fate fate(std::size_t event) const {
    return life_.events[event].operation ? power_loss_.fate(event, loss_.choice) : Fate::synced;
  }

  void say(const std::string& text, std::size_t indent = 14) { text_ += wrapped(text, indent); }

  /// The first command that was acknowledged and is not there; 0: it is not about a command.
  std::size_t gone() const {
    const auto acknowledged = life_.acknowledged(loss_.end);
    if (loss_.found.exit_status != 0) return acknowledged > 0 ? 1 : 0;
    for (std::size_t i = 0; i < acknowledged; ++i) {
      if (life_.states[i] == loss_.found.contents) return i + 1;
    }
    return 0;
  }

  // --- the events ---

  void draw_events() {
    const auto first = first_shown();
    if (first > 0) {
      std::size_t command = 0;
      for (std::size_t event = 0; event < first; ++event)
        command = std::max(command, life_.events[event].command);
      const auto commands = command == 0   ? std::string{}
                            : command == 1 ? std::string{"; command 1"}
                                           : fmt::format("; commands 1 to {}", command);
      say(fmt::format("{:>4}  {}{}", fmt::format("1-{}", numbers_[first - 1]),
                      life_.disk.empty() ? "a new store is made" : "the store is started",
                      commands));
    }
    for (std::size_t event = first; event < loss_.end; ++event) draw_event(event);
  }

  /// Before it nothing is lost, nor any command that is.
  std::size_t first_shown() const {
    constexpr std::size_t context = 20;  // events that are shown at the least
    auto first = std::min(loss_.end - std::min(loss_.end, context), lost_.value_or(loss_.end));
    for (std::size_t event = 0; event < first && loss_.found.exit_status == 0; ++event) {
      if (gone() > 0 && life_.events[event].command == gone()) first = event;
    }
    const auto opened = std::ranges::find(life_.events, Event::Kind::opened, &Event::kind);
    const auto start = static_cast<std::size_t>(opened - life_.events.begin());
    if (start >= loss_.end || lost_.value_or(start) < start) return 0;
    while (first > start && life_.events[first - 1].kind == Event::Kind::begun) --first;
    return std::max(start, first);
  }

  void draw_event(std::size_t number) {
    const auto& event = life_.events[number];
    switch (event.kind) {
      case Event::Kind::operation: return draw_operation(number);
      case Event::Kind::opened: return say("      the store is open");
      case Event::Kind::begun:
        return say(
            fmt::format("  --> command {}: {}", event.command, life_.texts[event.command - 1]));
      case Event::Kind::acknowledged: {
        const auto last = life_.acknowledged(number + 1);
        for (auto command = life_.acknowledged(number) + 1; command <= last; ++command)
          say(fmt::format("  <-- command {} is acknowledged", command));
      }
    }
  }

  void draw_operation(std::size_t event) {
    const auto left = fmt::format("{:4}  {}", numbers_[event], text_of(event));
    say(lost_ ? fmt::format("{:40}  {}", left, text_of_fate(event)) : left);
    text_.erase(text_.find_last_not_of(" \n") + 1);
    text_ += "\n";
  }

  std::string text_of(std::size_t event) const {
    const auto& operation = *life_.events[event].operation;
    const auto name = short_names(power_loss_.name(event));
    switch (operation.kind) {
      case Kind::create: return "create " + name;
      case Kind::write: return fmt::format("write  {}, {} bytes", name, operation.bytes.size());
      case Kind::sync_file: return "sync   " + name;
      case Kind::rename: return fmt::format("rename {} to {}", short_names(operation.from), name);
      case Kind::remove: return "remove " + name;
      case Kind::sync_folder: return "sync   the folder";
      default: return "cut    " + name;
    }
  }

  std::string text_of_fate(std::size_t event) const {
    const auto kind = life_.events[event].operation->kind;
    if (kind == Kind::sync_file || kind == Kind::sync_folder) return {};
    switch (fate(event)) {
      case Fate::synced: return "kept";
      case Fate::kept: return "kept, by luck";
      case Fate::in_part: return "HALF LOST: " + not_synced(event);
      case Fate::lost: return "LOST: " + not_synced(event);
      case Fate::zeros: return "LOST: zeros are in its place";
      case Fate::stale: return "LOST: older bytes are in its place";
    }
    return {};
  }

  std::string not_synced(std::size_t event) const {
    const bool is_write = life_.events[event].operation->kind == Kind::write;
    return (is_write ? short_names(power_loss_.name(event)) : "the folder") + " was not synced";
  }

  // --- what comes of them ---

  void draw_start() {
    const auto& [contents, exit_status, refusal] = loss_.found;
    say(exit_status == 0 ? "a start finds " + shown(contents) + "\n"
                         : short_names(fmt::format("a start fails, with exit status {}: {}\n",
                                                   exit_status, refusal)));
    if (const auto first = gone(); first > 0) {
      const auto last = life_.acknowledged(loss_.end);
      const bool is_one = first == last;
      say(fmt::format("{} acknowledged, and {}{}.",
                      is_one ? fmt::format("Command {} was", last)
                             : fmt::format("Commands {} to {} were", first, last),
                      exit_status == 0 ? is_one ? "is gone" : "are gone"
                      : is_one         ? "nobody can read it"
                                       : "nobody can read them",
                      why()),
          0);
    } else if (exit_status == 0) {
      std::string states;
      for (const auto& state : life_.may_leave(loss_.end))
        states += (states.empty() ? "" : ", or ") + shown(state);
      say("it must find  " + states);
    } else if (!life_.may_find.front().empty()) {
      say("What had been acknowledged before that crash, nobody can read.", 0);
    } else {
      say("Nothing was acknowledged yet; but what a crash leaves must not stop a start.", 0);
    }
    if (!lost_)
      say("Nothing is lost on the disk: it is the order of the operations, or the start.", 0);
  }

  /// The sync that was missing.
  std::string why() const {
    if (!lost_) return {};
    const auto what = not_synced(*lost_);
    const auto number = numbers_[*lost_];
    const bool was_before = life_.acknowledged(*lost_) < gone();
    return was_before
               ? fmt::format(": {} between operation {} and the acknowledgement", what, number)
               : fmt::format(": {} after operation {}", what, number);
  }

  const Loss& loss_;
  const Life& life_;
  const PowerLoss power_loss_;
  std::vector<std::size_t> numbers_;  // of the operations, by event: so many up to here
  std::size_t end_number_ = 0;
  std::string end_;
  std::optional<std::size_t> lost_;  // the first operation that is
  std::string text_;
};

}  // namespace

std::string draw(const Loss& loss) { return Drawing{loss}.text(); }

}  // namespace kv::test
