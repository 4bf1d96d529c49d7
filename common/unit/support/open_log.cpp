#include "open_log.hpp"
#include "disk/data_files.hpp"
#include "disk/log_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace kv::test {
namespace {

constexpr std::chrono::seconds patience{10};  // of a test that fails

}  // namespace

OpenLog::OpenLog(const SimulatedFolder& folder, const Settings& settings)
    : folder_{folder},
      wal_{folder_,
           store_id,
           settings.end,
           settings.sync,
           [this](const Error& error) {
             const std::lock_guard lock{mutex_};
             failure_ = error;
             ++failures_;
             told_.notify_all();
           },
           settings.limits} {
  wal_.listeners().add([this] {
    const std::lock_guard lock{mutex_};
    told_.notify_all();
  });
}

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

void OpenLog::wait_until_safe(Lsn lsn) {
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(
      told_.wait_for(lock, patience, [&] { return wal_.safe_lsn() >= lsn || wal_.failed(); }));
}

void OpenLog::wait_for_failure() {
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(told_.wait_for(lock, patience, [&] { return failures_ > 0; }));
}

std::size_t record_bytes(const std::string& key, const std::string& value) {
  std::string payload;
  append_table(payload, "t");
  append_change(payload, {key, value});
  return sizeof(RecordHeader) + payload.size();
}

std::vector<std::string> commands_in(const SimulatedFolder& folder) {
  std::vector<std::string> commands;
  std::optional<Position> end;
  for (const auto& name : segments_in(folder)) {
    const auto bytes = folder.bytes(name);
    const auto header = read_segment_header(bytes);
    if (!header) {
      ADD_FAILURE() << name << ": " << header.error().message;
      break;
    }
    if (end) {
      EXPECT_EQ(header->first_lsn, end->lsn + 1) << name;
      EXPECT_EQ(header->chain, end->chain) << name;
    }
    end = read_segment(bytes, *header, [&](auto, const RecordHeader& record, auto payload) {
            if (record.type != RecordType::changes) return;
            commands.push_back(std::to_string(record.lsn) + ":");
            EXPECT_TRUE(read_changes(payload, [&](auto, std::string_view key, const auto& row) {
              const auto value = row ? row.value() : Value{};
              commands.back() += row ? " " : " -";
              commands.back() += key;
              if (row) (commands.back() += "=") += value_bytes(value);
            }));
          }).end;
  }
  return commands;
}

std::vector<RecordHeader> headers_in(const std::string& segment) {
  std::vector<RecordHeader> headers;
  (void)read_segment(segment, *read_segment_header(segment),
                     [&](auto, const auto& header, auto) { headers.push_back(header); });
  return headers;
}

std::vector<std::string> segments_in(const SimulatedFolder& folder) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : folder.files()) {
    if (segment_first_lsn(name)) names.push_back(name);
  }
  return names;
}

}  // namespace kv::test
