// Data folders that an earlier program has written, in tests/golden/<format version>-<how it
// ended>: each later one must read them, as long as there are such folders anywhere.
// KV_WRITE_GOLDEN=<folder> writes them there, for a new version of the format.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <string>

#include "disk/bytes.hpp"
#include "disk/data_files.hpp"
#include "disk/manifest.hpp"
#include "disk/snapshot.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;

using Commands = std::vector<std::function<void(Storage&)>>;

Commands first_half() {
  const std::vector<Entry> rows{{"text", "a value"},
                                {"binary", Binary{std::string{"\0\xff\n", 3}}},
                                {"least", std::numeric_limits<std::int64_t>::min()},
                                {"minus zero", -0.0},
                                {"truth", true},
                                {"nothing", ""},
                                {std::string{"colon:and\0zero", 14}, "kept"},
                                {"zeros", std::string(1200, '\0')}};
  Commands commands;
  for (const auto& row : rows)
    commands.push_back([row](Storage& storage) { EXPECT_TRUE(storage.set("t", row)); });
  return commands;
}

Commands second_half() {
  return {[](Storage& storage) {
            EXPECT_TRUE(
                storage.set_many("u", {{"one", std::int64_t{1}}, {"two", 2.0}, {"one", false}}));
          },
          [](Storage& storage) { EXPECT_TRUE(storage.del("t", "text")); },
          [](Storage& storage) {
            EXPECT_TRUE(storage.set("t", {"long", std::string(3000, 'x')}));
          },
          [](Storage& storage) {
            EXPECT_TRUE(storage.del_many("u", {"two", "absent"}));
          }};
}

Commands last_command() {
  return {[](Storage& storage) { EXPECT_TRUE(storage.set("t", {"last", "one"})); }};
}

Contents contents_after(const std::vector<Commands>& parts) {
  MemTable memtable{any_answer()};
  for (const auto& part : parts) {
    for (const auto& command : part) command(memtable);
  }
  return contents_of(memtable);
}

/// Each is on the disk before the next one: so every run writes the same bytes.
void run(OpenStore& store, const Commands& commands) {
  for (const auto& command : commands) {
    command(store.memtable());
    ASSERT_TRUE(store.wal().make_durable(store.wal().last_lsn()));
  }
}

void write_stopped(const SimulatedFolder& folder) {
  OpenStore store{folder};
  for (const auto& part : {first_half(), second_half(), last_command()}) run(store, part);
  ASSERT_TRUE(store.store().close());
}

void write_killed(SimulatedFolder& folder) {
  write_stopped(folder);
  const auto stop = *read_manifest(folder);
  ASSERT_TRUE(write_manifest(folder, {.store = stop.store, .newest_segment = stop.newest_segment}));
  const auto [name, bytes] = *folder.files().rbegin();
  folder.put(name, bytes.substr(0, bytes.find("last")));  // in the record of the last command
}

void write_snapshots(SimulatedFolder& folder) {
  OpenStore store{folder};
  for (const auto& part : {first_half(), second_half()}) {
    run(store, part);
    const auto store_id = read_manifest(folder)->store;
    ASSERT_TRUE(write_snapshot(folder, store_id, store.memtable(), store.wal()));
  }
  run(store, last_command());
}

SimulatedFolder golden(const std::string& name) {
  SimulatedFolder folder;
  for (const auto& entry : fs::directory_iterator{fs::path{KV_GOLDEN} / name}) {
    std::ifstream file{entry.path(), std::ios::binary};
    folder.put(entry.path().filename(), {std::istreambuf_iterator<char>{file}, {}});
  }
  return folder;
}

void write_golden(const fs::path& to) {
  const auto write = [&](const std::string& name, const auto& write_folder) {
    SimulatedFolder folder;
    write_folder(folder);
    const auto at = to / (std::to_string(format_version) + "-" + name);
    fs::create_directories(at);
    for (const auto& [file, bytes] : folder.files())
      std::ofstream{at / file, std::ios::binary} << bytes;
  };
  write("stopped", write_stopped);
  write("killed", write_killed);
  write("snapshots", write_snapshots);
}

const CapturedLog quiet;

TEST(Golden, AFolderThatWasStoppedIsRead) {
  const auto folder = golden("1-stopped");
  EXPECT_EQ(recover(folder), contents_after({first_half(), second_half(), last_command()}));
}

TEST(Golden, AFolderThatWasKilledIsReadUpToItsTornTail) {
  const auto folder = golden("1-killed");
  EXPECT_EQ(recover(folder), contents_after({first_half(), second_half()}));
}

TEST(Golden, AFolderWithSnapshotsIsRead) {
  const auto folder = golden("1-snapshots");
  EXPECT_EQ(read_folder(folder, false).snapshot->lsn, 12u);
  EXPECT_EQ(recover(folder), contents_after({first_half(), second_half(), last_command()}));
}

TEST(Golden, ASnapshotIsReadWithoutItsLog) {
  auto folder = golden("1-snapshots");
  for (const auto& [name, bytes] : folder.files()) {
    if (name != snapshot_name(8)) folder.erase(name);
  }
  EXPECT_EQ(recover(folder, {.truncate = true}), contents_after({first_half()}));
}

/// What stands in the files, but for random numbers; how many zeros are written ahead is no part of
/// the format.
std::map<std::string, std::string> without_chance(const SimulatedFolder& folder) {
  constexpr auto id_at = offsetof(SegmentHeader, id);  // from there on: id, previous, checksum
  auto files = folder.files();
  for (auto& [name, bytes] : files) {
    if (segment_first_lsn(name)) bytes.replace(id_at, sizeof(SegmentHeader) - id_at, "");
    bytes.resize(bytes.find_last_not_of('\0') + 1);
  }
  return files;
}

/// An earlier program must be able to read what this one writes, or else the version is a new one.
TEST(Golden, TheFormatIsWhatItWas) {
  if (const char* to = std::getenv("KV_WRITE_GOLDEN")) write_golden(to);
  const auto expected = golden("1-stopped");
  SimulatedFolder folder;
  ASSERT_TRUE(write_manifest(folder, {.store = read_manifest(expected)->store}));
  write_stopped(folder);
  EXPECT_EQ(without_chance(folder), without_chance(expected));
}

}  // namespace
}  // namespace kv::test
