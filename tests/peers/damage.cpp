#include "damage.hpp"

#include <algorithm>

#include "child.hpp"
#include "fixtures/process.hpp"

namespace kv::peers {
std::string Tally::text() const {
  std::string text;
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(exact, "exact");
  add(refused, "refused");
  add(wrong, "**wrong**");
  constexpr std::size_t shown_max = 3;
  if (wrong_ones.empty() || wrong_ones.size() > shown_max) return text;
  for (const auto& one : wrong_ones) text += (&one == &wrong_ones[0] ? ": " : "; ") + one;
  return text;
}

std::string Tally::taken_text() const {
  const auto all = exact + refused + wrong;
  if (refused == all) return std::to_string(all) + " refused";
  return std::to_string(exact + wrong) + " of " + std::to_string(all) + " **taken**";
}

Damage::Damage(const Peer& peer, std::uint32_t seed)
    : peer_{peer}, seed_{seed}, changes_{hard_changes(seed)}, states_{{}} {
  for (const auto& change : changes_) {
    auto state = states_.back();
    state.erase(change.key);
    if (change.value) state[change.key] = *change.value;
    if (std::find(states_.begin(), states_.end(), state) != states_.end())
      throw std::logic_error{"two states are equal"};
    states_.push_back(std::move(state));
  }
  write(master_, write_task);
  log_ = fs::relative(peer_.log(master_), master_);
  whole_ = read_file(master_ / log_);
  records_ = peer_.records(whole_);
  if (records_.size() != changes_.size()) throw std::logic_error{"a change has no record"};
  used_ = std::max(whole_.find_last_not_of('\0') + 1, records_.back().end);
}

int Damage::run_child(const char* task, const fs::path& folder) const {
  return test::run({"/proc/self/exe", task, peer_.name(), folder.string(), std::to_string(seed_)})
      .status;
}

void Damage::write(const fs::path& folder, const char* task) const {
  fs::create_directory(folder);
  const int status = run_child(task, folder);
  constexpr int killed = 128 + 9;
  if (status != 0 && status != killed) throw std::runtime_error{peer_.name() + " cannot write"};
}

/// Starts on a copy of `master`, damaged.
void Damage::start(const fs::path& master, const FileDamage& damage, const Contents& expected,
                   const std::string& what, Tally& tally) {
  fs::remove_all(scratch_);
  fs::copy(master, scratch_, fs::copy_options::recursive);
  damage(scratch_);
  try {
    const auto found = peer_.start(scratch_)->contents();
    if (found == expected) {
      ++tally.exact;
      return;
    }
    ++tally.wrong;
    tally.wrong_ones.push_back(what + (found.empty() ? " starts empty" : ""));
  } catch (const Refused&) {
    ++tally.refused;
  }
}

void Damage::start_with_log(const std::string& bytes, std::size_t changes, const std::string& what,
                            Tally& tally) {
  const auto put = [&](const fs::path& folder) { write_file(folder / log_, bytes); };
  start(master_, put, states_[changes], what, tally);
}

/// How many records stand at the beginning of `bytes` as they were written.
std::size_t Damage::whole_records(const std::string& bytes) const {
  const auto is_whole = [&](const Record& record) {
    return bytes.size() >= record.end &&
           std::equal(&bytes[record.begin], bytes.data() + record.end, &whole_[record.begin]);
  };
  const auto damaged = std::find_if_not(records_.begin(), records_.end(), is_whole);
  return static_cast<std::size_t>(damaged - records_.begin());
}

Tally Damage::cut() {
  Tally tally;
  for (std::size_t at = 0; at < used_; at += peer_.step()) {
    const auto bytes = whole_.substr(0, at);
    start_with_log(bytes, whole_records(bytes), "byte " + std::to_string(at), tally);
  }
  return tally;
}

void Damage::zeros_from(std::size_t at, Tally& tally) {
  auto bytes = whole_.substr(0, at);
  bytes.resize(whole_.size());
  start_with_log(bytes, whole_records(bytes), "byte " + std::to_string(at), tally);
}

Tally Damage::zeros() {
  Tally tally;
  for (std::size_t at = 0; at < used_; at += peer_.step()) zeros_from(at, tally);
  return tally;
}

Tally Damage::zeros_at_sectors() {
  constexpr std::size_t sector_bytes = 512;
  Tally tally;
  for (auto at = sector_bytes; at < used_; at += sector_bytes) zeros_from(at, tally);
  return tally;
}

Tally Damage::flips(unsigned bits) {
  Tally tally;
  for (std::size_t at = 0; at < used_; at += peer_.step()) {
    for (unsigned i = 0; i < bits; ++i) {
      auto bytes = whole_;
      const auto bit = (at / peer_.step() + i) % 8;  // another one from byte to byte
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      start_with_log(bytes, changes_.size(), "byte " + std::to_string(at), tally);
    }
  }
  return tally;
}

/// Exact would be all data, which nobody can have: this counts who notices.
Tally Damage::missing_records() {
  Tally tally;
  for (std::size_t i = 1; i + 1 < records_.size(); ++i) {
    auto bytes = whole_;
    bytes.erase(records_[i].begin, records_[i].end - records_[i].begin);
    start_with_log(bytes, changes_.size(), "record " + std::to_string(i), tally);
  }
  return tally;
}

Tally Damage::zero_tails() {
  Tally tally;
  for (const std::size_t tail : {1u, 512u, 4'096u, 65'536u}) {
    const auto bytes = whole_.substr(0, used_) + std::string(tail, '\0');
    start_with_log(bytes, changes_.size(), std::to_string(tail) + " bytes", tally);
  }
  return tally;
}

/// Their names; but for those of LevelDB and RocksDB that tell people what has happened.
std::vector<fs::path> Damage::compacted_files() {
  if (!fs::exists(compacted_)) write(compacted_, write_compacted_task);
  std::vector<fs::path> names;
  for (const auto& entry : fs::recursive_directory_iterator{compacted_}) {
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with("LO"))
      names.push_back(fs::relative(entry.path(), compacted_));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Tally Damage::each_file(const FileDamage& damage) {
  Tally tally;
  for (const auto& name : compacted_files()) {
    start(
        compacted_, [&](const fs::path& folder) { damage(folder / name); }, states_.back(),
        name.filename().string(), tally);
  }
  return tally;
}

Tally Damage::flips_elsewhere() {
  Tally tally;
  for (const auto& name : compacted_files()) {
    const auto whole = read_file(compacted_ / name);
    if (compacted_ / name == peer_.log(compacted_)) continue;
    for (std::size_t at = 0; at < whole.size(); at += 8) {
      auto bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << at / 8 % 8));
      start(
          compacted_, [&](const fs::path& folder) { write_file(folder / name, bytes); },
          states_.back(), name.filename().string() + " byte " + std::to_string(at), tally);
    }
  }
  return tally;
}

Tally Damage::missing_files() {
  return each_file([](const fs::path& file) { fs::remove(file); });
}

Tally Damage::empty_files() {
  return each_file([](const fs::path& file) { fs::resize_file(file, 0); });
}

bool Damage::refuses_second_process() {
  fs::remove_all(scratch_);
  fs::copy(master_, scratch_, fs::copy_options::recursive);
  const auto first = peer_.start(scratch_);
  const int second = run_child(start_task, scratch_);
  if (second != started && second != refused) throw std::runtime_error{"the second one crashed"};
  return second == refused;
}

}  // namespace kv::peers
