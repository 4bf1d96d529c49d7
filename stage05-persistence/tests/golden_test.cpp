// A folder as it was written once is read as it was meant then: the format has not changed unseen.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "disk/posix_folder.hpp"
#include "disk/snapshot.hpp"
#include "fixtures/temp_folder.hpp"
#include "open_store.hpp"

namespace kv::test {
namespace {

namespace fs = std::filesystem;

const Contents expected{{"other", {{"k", "0:1"}}},
                        {"t",
                         {{"binary", "1:\xff"},
                          {"float", text_of(0.5)},
                          {"int", text_of(std::int64_t{-2})},
                          {"text", "0:after the snapshot"},
                          {"yes", text_of(true)}}}};

TEST(Golden, AFolderOfTheFirstVersionIsRead) {
  const TempFolder temporary;
  fs::copy(KV_GOLDEN, temporary.path(), fs::copy_options::recursive);
  const auto folder = open_posix_folder(temporary.path(), false);
  SimulatedFolder read;
  const auto names = folder->list();
  ASSERT_TRUE(names);
  for (const auto& name : *names) read.put(name, *folder->read(name));
  EXPECT_THAT(*names, testing::UnorderedElementsAre("log-6", "snapshot"));
  EXPECT_EQ(look(read), expected);
}

/// Writes it: KV_GOLDEN_NEW names an empty folder for it.
TEST(Golden, CanBeWrittenAnew) {
  const TempFolder temporary;
  const char* const given = std::getenv("KV_GOLDEN_NEW");
  const std::string path = given ? given : temporary.path();
  const CapturedLog quiet;
  MemTable memtable{any_answer()};
  auto folder = open_posix_folder(path, true);
  Folder& same = *folder;
  Store store{std::move(folder), memtable, 0, [](const Error&) {}};
  memtable.observe({&store.wal()});
  ASSERT_TRUE(memtable.set("other", {"k", "1"}));
  ASSERT_TRUE(memtable.set_many("t", {{"text", "v"}, {"binary", Binary{"\xff"}}, {"float", 0.5}}));
  ASSERT_TRUE(memtable.set_many("t", {{"int", std::int64_t{-2}}, {"gone", "v"}}));
  ASSERT_TRUE(memtable.del("t", "gone"));
  ASSERT_TRUE(memtable.set("t", {"yes", true}));
  ASSERT_TRUE(store.wal().make_durable(5));
  ASSERT_TRUE(write_snapshot(same, memtable, store.wal()));
  ASSERT_TRUE(memtable.set("t", {"text", "after the snapshot"}));
  ASSERT_TRUE(store.close());
  EXPECT_EQ(contents_of(memtable), expected);
}

}  // namespace
}  // namespace kv::test
