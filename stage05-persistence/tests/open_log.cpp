#include "open_log.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "disk/log_reader.hpp"

namespace kv::test {
namespace {

LogWriter first_log(Folder& folder) {
  auto writer = LogWriter::create(folder, log_name(1), log_magic, 1);
  EXPECT_TRUE(writer && writer->publish());
  return std::move(*writer);
}

}  // namespace

OpenLog::OpenLog(const SimulatedFolder& folder, std::size_t bytes_max)
    : folder_{folder},
      wal_{folder_, first_log(folder_), 0,
           [this](const Error& error) {
             const std::lock_guard lock{mutex_};
             failure_ = error;
             ++failures_;
             told_.notify_all();
           },
           bytes_max} {}

Result<void> OpenLog::change(const std::string& key, const Value& value) {
  const std::array changes{Entry{key, value}};
  return wal_.on_change("t", changes);
}

Result<void> OpenLog::set(const std::string& key, const Value& value) {
  auto changed = change(key, value);
  wal_.flush_soon();
  return changed;
}

void OpenLog::set_durably(const std::string& key, const Value& value) {
  ASSERT_TRUE(set(key, value));
  ASSERT_TRUE(wal_.make_durable(wal_.last_lsn()));
}

void OpenLog::wait_for_failure() {
  constexpr std::chrono::seconds patience{10};  // of a test that fails
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(told_.wait_for(lock, patience, [&] { return failures_ > 0; }));
}

std::vector<std::string> groups_in(const SimulatedFolder& folder, const std::string& name) {
  std::vector<std::string> groups;
  const auto log = read_log(folder.bytes(name), log_magic);
  EXPECT_TRUE(log && log->is_valid_to_the_end()) << name;
  if (!log) return groups;
  for (const auto& group : log->groups) {
    std::string text;
    EXPECT_TRUE(read_records(log->records(group), group.header.first_lsn,
                             [&](Lsn lsn, auto, const std::vector<Entry>& changes) {
                               text += (text.empty() ? "" : " ") + std::to_string(lsn) + ":";
                               for (const auto& [key, value] : changes) {
                                 text += (value ? " " : " -") + key;
                                 if (value) (text += "=") += value_bytes(*value);
                               }
                             }));
    groups.push_back(group.header.type == GroupType::goes_on ? "goes on" : text);
  }
  return groups;
}

}  // namespace kv::test
